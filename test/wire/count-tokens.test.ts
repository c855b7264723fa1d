import { anthropicCountTokens } from './count-tokens.js';
import { describeWire } from './describe-wire.js';

describeWire('anthropic count-tokens', anthropicCountTokens);
