import { describeWire } from './describe-wire.js';
import { moderations } from './moderations.js';

describeWire('moderations', moderations);
