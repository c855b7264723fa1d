import type { Run } from '../../core/index.js';
import type { Connection } from './connection.js';
import { has, listAll } from './list-all.js';
import type { McpPrompt, McpResource, McpResourceTemplate } from './types.js';

/** The object without the fields that are undefined. */
const defined = <T extends object>(fields: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

export const listResources = (connection: Connection, run: Run): Promise<readonly McpResource[]> =>
  connection.request({ what: 'the list of resources', label: 'list', isRead: true }, run, async (client, options) => {
    if (!has(client, 'resources')) return [];
    const listed = await listAll('resources', async (params) => {
      const { resources, nextCursor } = await client.request({ method: 'resources/list', params }, options);
      return { items: resources, nextCursor };
    });
    return listed.map(({ uri, name, title, description, mimeType, size }) =>
      defined({ uri, name, title, description, mediaType: mimeType, sizeBytes: size }),
    );
  });

export const listTemplates = (connection: Connection, run: Run): Promise<readonly McpResourceTemplate[]> =>
  connection.request({ what: 'the list of templates', label: 'list', isRead: true }, run, async (client, options) => {
    if (!has(client, 'resources')) return [];
    const listed = await listAll('templates', async (params) => {
      const page = await client.request({ method: 'resources/templates/list', params }, options);
      return { items: page.resourceTemplates, nextCursor: page.nextCursor };
    });
    return listed.map(({ uriTemplate, name, title, description, mimeType }) =>
      defined({ uriTemplate, name, title, description, mediaType: mimeType }),
    );
  });

export const listPrompts = (connection: Connection, run: Run): Promise<readonly McpPrompt[]> =>
  connection.request({ what: 'the list of prompts', label: 'list', isRead: true }, run, async (client, options) => {
    if (!has(client, 'prompts')) return [];
    const listed = await listAll('prompts', async (params) => {
      const { prompts, nextCursor } = await client.request({ method: 'prompts/list', params }, options);
      return { items: prompts, nextCursor };
    });
    return listed.map(({ name, title, description, arguments: variables = [] }) => ({
      ...defined({ name, title, description }),
      variables: variables.map((each) => ({
        ...defined({ name: each.name, description: each.description }),
        isRequired: each.required === true,
      })),
    }));
  });
