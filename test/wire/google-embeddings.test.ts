import { describeWire } from './describe-wire.js';
import { googleEmbeddings } from './google-embeddings.js';

describeWire('google embeddings', googleEmbeddings);
