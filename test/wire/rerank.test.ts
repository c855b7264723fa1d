import { describeWire } from './describe-wire.js';
import { rerank } from './rerank.js';

describeWire('rerank', rerank);
