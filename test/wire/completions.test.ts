import { describeWire } from './describe-wire.js';
import { completions } from './completions.js';

describeWire('completions', completions);
