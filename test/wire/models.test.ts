import { describeWire } from './describe-wire.js';
import { models } from './models.js';

describeWire('models', models);
