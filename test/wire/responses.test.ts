import { describeWire } from './describe-wire.js';
import { responses } from './responses.js';

describeWire('responses', responses);
