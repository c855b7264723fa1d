import { describeWire } from './describe-wire.js';
import { ollamaNative } from './ollama.js';

describeWire('ollama', ollamaNative);
