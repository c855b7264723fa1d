import { cohereEmbeddings } from './cohere-embeddings.js';
import { describeWire } from './describe-wire.js';

describeWire('cohere embeddings', cohereEmbeddings);
