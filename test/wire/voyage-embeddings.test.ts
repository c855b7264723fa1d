import { describeWire } from './describe-wire.js';
import { voyageEmbeddings } from './voyage-embeddings.js';

describeWire('voyage embeddings', voyageEmbeddings);
