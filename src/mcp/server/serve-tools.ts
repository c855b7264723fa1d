import type { CallToolResult, InputRequiredResult, Server, ServerContext } from '@modelcontextprotocol/server';
import {
  createRun,
  type Json,
  PipewrightError,
  type Run,
  type RunEvent,
  type ToolCallPart,
  type ToolResultPart,
} from '../../core/index.js';
import { type ApprovalRequest, approvalsKey, type Tool, type Toolbox } from '../../tool/index.js';
import { answering } from './protocol-error.js';
import type { McpServerOptions } from './types.js';

type SdkServer = typeof import('@modelcontextprotocol/server');
type CallOptions = Pick<McpServerOptions, 'approval' | 'runOptions'>;

const listed = ({ name, description, inputSchema, isReadOnly, isOutward }: Tool) => ({
  name,
  description,
  inputSchema: inputSchema as { readonly type: 'object' },
  annotations: { readOnlyHint: isReadOnly, openWorldHint: isOutward },
});

/** Tells the client of progress, where it asked for that. The protocol wants each figure above the one before. */
const progressTo = ({ mcpReq }: ServerContext): ((event: RunEvent) => void) | undefined => {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (event.type !== 'progress' || event.done <= last) return;
    last = event.done;
    const { label: message, done: progress, total } = event;
    const params = { progressToken, progress, message, ...(total === undefined ? {} : { total }) };
    // A client that has gone does not fail the call.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
};

const runFor = (context: ServerContext, { runOptions = () => ({}) }: CallOptions): Run => {
  const run = createRun({ ...runOptions(context.http?.req), signal: context.mcpReq.signal });
  const on = progressTo(context);
  return on === undefined ? run : run.with({ on });
};

/** The text of a result, or its value: then the text says the same for clients that cannot read values. */
const resultOf = (server: Server, { output, isError = false }: ToolResultPart): CallToolResult => {
  const value = output as Json;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const content = [{ type: 'text' as const, text }];
  if (isError) return { content, isError };
  const isValue = typeof value === 'object' && value !== null;
  return isValue ? server.projectCallToolResult({ content, structuredContent: value }, undefined) : { content };
};

const approvalKeyOf = ({ digest }: ApprovalRequest): string => `approve-${digest}`;

const question = (sdk: SdkServer, request: ApprovalRequest): InputRequiredResult => {
  const { tool, input, reason } = request;
  const message = `May \`${tool}\` run with ${JSON.stringify(input)}? ${reason}`.trim();
  const requestedSchema = {
    type: 'object' as const,
    properties: { approve: { type: 'boolean' as const, title: 'Approve', description: 'Whether this call may run.' } },
    required: ['approve'],
  };
  // The name of the answer holds the digest of the arguments: an answer to other arguments is none to these.
  return sdk.inputRequired({
    inputRequests: { [approvalKeyOf(request)]: sdk.inputRequired.elicit({ message, requestedSchema }) },
  });
};

/** Whether the client has a user to ask. */
const canAsk = (server: Server): boolean => server.getClientCapabilities()?.elicitation !== undefined;

/** A call whose approval is asked of the client's user; without an answer the toolbox refuses it in its own words. */
const callWithApproval = async (
  sdk: SdkServer,
  server: Server,
  box: Toolbox,
  call: ToolCallPart,
  context: ServerContext,
  run: Run,
): Promise<CallToolResult | InputRequiredResult> => {
  const request = await box.approvalFor(call, run);
  if (request === undefined || !canAsk(server)) return resultOf(server, await box.call(call, run));
  const { inputResponses } = context.mcpReq;
  const key = approvalKeyOf(request);
  if (inputResponses === undefined || !Object.hasOwn(inputResponses, key)) return question(sdk, request);
  const isApproved = sdk.acceptedContent(inputResponses, key)?.approve === true;
  const approval = { digest: request.digest, isApproved, by: 'user of the MCP client' };
  const approved = run.with({ values: new Map([[approvalsKey, [approval]]]) });
  return resultOf(server, await box.call(call, approved));
};

/** Serves the tools of a toolbox, with its checks, its policy and its limits. */
export const serveTools = (sdk: SdkServer, server: Server, box: Toolbox, options: CallOptions): void => {
  const tools = box.tools.map(listed);
  const names = new Set(tools.map(({ name }) => name));
  server.setRequestHandler('tools/list', () => ({ tools }));
  server.setRequestHandler(
    'tools/call',
    answering(async ({ params }, context) => {
      const { name, arguments: input = {} } = params;
      if (!names.has(name)) throw new PipewrightError('bad-input', `There is no tool \`${name.slice(0, 80)}\`.`);
      const run = runFor(context, options);
      // The same in every round of one call, so that an approval fits.
      const call: ToolCallPart = { type: 'tool-call', id: name, name, input };
      return options.approval === 'elicit'
        ? callWithApproval(sdk, server, box, call, context, run)
        : resultOf(server, await box.call(call, run));
    }),
  );
};
