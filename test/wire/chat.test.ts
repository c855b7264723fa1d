import { chat } from './chat.js';
import { describeWire } from './describe-wire.js';

describeWire('chat', chat);
