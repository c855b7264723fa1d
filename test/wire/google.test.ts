import { describeWire } from './describe-wire.js';
import { googleGemini } from './google.js';

describeWire('google gemini', googleGemini);
