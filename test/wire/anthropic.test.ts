import { anthropicMessages } from './anthropic.js';
import { describeWire } from './describe-wire.js';

describeWire('anthropic messages', anthropicMessages);
