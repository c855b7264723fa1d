import { cohereChat } from './cohere-chat.js';
import { describeWire } from './describe-wire.js';

describeWire('cohere chat', cohereChat);
