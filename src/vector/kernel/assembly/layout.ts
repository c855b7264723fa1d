/*
 * Where everything lies in the memory of a kernel. The one place: the WebAssembly code and the TypeScript around it both read
 * this file. All numbers are bytes unless they say otherwise, all words are 32 bits, all pointers are bytes from the start.
 *
 *   from             what                                                            written by
 *   0                header: settings, entry point, counters                         creator; entry and counters by linkers
 *   nodeTable        a pointer for each block of rows: its nodes, then a label for   creator's thread, once for each block
 *                    each of them
 *   originalTable    the same for the float32 originals beside int8 codes            creator's thread, once for each block
 *   labelTable       a pointer for each block of labels: their rows                  creator's thread, once for each block
 *   heapStart        blocks of nodes, blocks of originals, upper links, scratch,     handed out by the creator's thread; never moved
 *                    jobs and bit sets, in the order in which they were asked for
 *
 * Rows are numbered as they lie in memory, the links of the graph are such numbers. The caller knows rows by labels of its own, which
 * stay when rows are moved to lie beside their neighbours; they are turned into rows where something comes in, and back where it goes
 * out. Rows move while no other thread searches or links.
 *
 * A node (one for each row, 64-byte aligned, 32-byte for codes without originals; `nodeStride` of the header long):
 *
 *   nodeFlags        isLive, isLinked, isQueued, isCondemned                         any thread, atomically
 *   nodeLevel        its highest level in the graph                                  creator's thread, before the row is used
 *   nodeUpper        pointer to its lists above level 0; 0 when its level is 0       the same
 *   nodeLock         1 while a thread writes one of its lists                        any linker, atomically
 *   nodeScale        f32: what a code of 1 stands for (int8)                         creator's thread, before the row is live
 *   nodeSquare       f32: squared length of what the codes stand for (int8)          the same
 *   nodeLinks        the list of level 0: a count, then 2 m row numbers              linkers, under the lock
 *   vectorOffset     the vector: f32 or i8, zeros up to a multiple of 16 numbers     creator's thread, before the row is live
 *
 * The lists above level 0 follow each other from `nodeUpper`, level 1 first: a count, then m row numbers.
 *
 * Readers take no locks. Every word of a list is a valid row number at all times (0 at first), and so is every count in range:
 * a reader that meets a list being written may see old and new neighbours together, never a row that does not exist.
 *
 * Scratch (one for each thread that searches or links): the words below, which point to arrays of its own.
 *
 * A job (work that several threads share): the words below; each item is taken once, by adding to `jobNext`.
 */

// Header.
export const headerDimensions = 0; // numbers in a vector, up to a multiple of 16
export const headerMetric = 4; // 0 dot, 1 euclidean
export const headerPrecision = 8; // 0 float32, 1 int8
export const headerHasOriginals = 12; // 1 when int8 has float32 originals beside
export const headerM = 16;
export const headerEfConstruction = 20;
export const headerNodeStride = 24;
export const headerVectorOffset = 28;
export const headerLength = 32; // one above the highest row that was set
export const headerEntry = 36; // row where every walk starts, or `noRow`
export const headerEntryLock = 40;
export const headerLinkedCount = 44; // rows in the graph
export const headerDeadCount = 48; // rows in the graph that are not live
export const headerLabels = 52; // one above the highest label that was given

/** No row. */
export const noRow = 0xffffffff;

// Blocks.
export const blockShift = 10;
export const blockRows = 1024;
export const blockMask = 1023;
/** With the smallest node, this many blocks are more than 4 GiB. */
export const maxBlocks = 32_768;
export const nodeTable = 4_096;
export const originalTable = 135_168; // nodeTable + 4 * maxBlocks
export const labelTable = 266_240; // originalTable + 4 * maxBlocks
export const heapStart = 397_312; // labelTable + 4 * maxBlocks
/** What begins a cache line is read in the fewest of them. */
export const lineBytes = 64;

// A node.
export const nodeFlags = 0;
export const nodeLevel = 4;
export const nodeUpper = 8;
export const nodeLock = 12;
export const nodeScale = 16;
export const nodeSquare = 20;
export const nodeLinks = 24;

// Flags of a node.
/** May be found. */
export const isLive = 1;
/** Is in the graph. */
export const isLinked = 2;
/** Was handed to a builder, which may be at it. */
export const isQueued = 4;
/** Is being taken out of the graph. */
export const isCondemned = 8;

/** Levels above this would hold less than one row in 2 ** 15. */
export const maxLevel = 15;

// Scratch.
export const scratchVisited = 0; // u16 for each row: the number of the walk that saw it last
export const scratchVisitedRows = 4; // rows that fit; others are not walked to
export const scratchEpoch = 8; // number of the last walk
export const scratchCandidates = 12; // heap of (distance, row), nearest first
export const scratchResults = 16; // heap of (distance, row), farthest first
export const scratchResultCapacity = 20;
export const scratchQuery = 24; // f32 for each dimension
export const scratchCodes = 28; // i16 for each dimension
export const scratchBatch = 32; // rows to measure next, `batchRows` of them
export const scratchDistances = 36; // f32 for each of these
export const scratchPlan = 40; // for each level: a count and up to m rows, as in a list
export const scratchFound = 44; // labels of what was found, nearest first
export const scratchFoundDistances = 48; // f32 for each of these
export const scratchBytes = 64;

/** Rows that are measured in one go; more than the longest list. */
export const batchRows = 1024;
/** Candidates of a walk that are remembered; a walk that has more forgets far ones. */
export const candidateCapacity = 65_536;
/** A walk keeps so many times `ef` candidates where what passes a filter lies far from the query. */
export const farFactor = 4;
/** A row and its distance. */
export const pairBytes = 8;

// A job.
export const jobKind = 0;
export const jobCount = 4; // items
export const jobNext = 8; // the first item that nobody took yet
export const jobStop = 12; // 1: take no more items
export const jobRows = 16; // link: pointer to the rows
export const jobQueries = 16; // search: pointer to the queries, f32, one after the other
export const jobK = 20;
export const jobEf = 24;
export const jobBits = 28; // search: pointer to a bit set of rows, 0 for none
export const jobBitRows = 32;
export const jobFound = 36; // search: pointer to the answers: for each a count, k labels, k distances
export const jobBytes = 64;

// Kinds of jobs.
/** An item is a row to link. */
export const linkJob = 0;
/** An item is `rowsPerItem` rows: those that are removed are condemned. */
export const condemnJob = 1;
/** An item is `rowsPerItem` rows: their links to condemned rows are replaced. */
export const repairJob = 2;
/** An item is `rowsPerItem` rows: the condemned are taken out. */
export const releaseJob = 3;
/** An item is `rowsPerItem` rows: they are condemned no longer. */
export const pardonJob = 4;
/** An item is a query to answer. */
export const searchJob = 5;
/** Its one item: when the entry is condemned, another takes its place. */
export const entryJob = 6;
export const rowsPerItem = 64;

/** Queries become numbers from -1,023 to 1,023: finer than codes, and 16,384 products of both still fit 32 bits. */
export const queryCodeLimit = 1_023;
export const codeLimit = 127;
export const maxDimensions = 16_384;
