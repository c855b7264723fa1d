import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema, ToolCallPart } from 'pipewright';
import { strictSchema } from 'pipewright/output';
import { jsonSchema, repairInput, tool, toolbox } from 'pipewright/tool';
import { describe, expect, it } from 'vitest';

interface Expected {
  readonly name: string;
  readonly example: Readonly<Record<string, unknown>>;
  readonly exampleViolatesSchema?: string;
}
interface ToolCase {
  readonly id: string;
  readonly functions: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters: JsonSchema;
  }[];
  readonly expected: readonly Expected[];
}

const path = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'tools/bfcl-300.jsonl');
const isThere = existsSync(path);
if (!isThere) console.log(`Left out: 300 real function definitions, for there is no ${path}. Set PIPEWRIGHT_DATA.`);

const cases: readonly ToolCase[] = isThere
  ? readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  : [];

/** The tools of a case; each gives back what it was given. */
const boxOf = ({ functions }: ToolCase) =>
  toolbox(
    functions.map(({ name, description, parameters }) =>
      tool({ name, description, input: jsonSchema<object>(parameters), run: (given) => ({ given }) }),
    ),
  );

const call = (name: string, input: unknown): ToolCallPart => ({ type: 'tool-call', id: name, name, input });

const wrongOf = (type: unknown): unknown => (type === 'object' ? 'none' : { none: true });

describe.runIf(isThere)('300 real function definitions', () => {
  it('take the arguments of every expected call as they are', async () => {
    let calls = 0;
    for (const each of cases) {
      const box = boxOf(each);
      for (const { name, example, exampleViolatesSchema } of each.expected) {
        const [result] = await box([call(name, example)]);
        calls++;
        if (exampleViolatesSchema === undefined)
          expect([each.id, result?.output]).toEqual([each.id, { given: example }]);
      }
    }
    expect(calls).toBeGreaterThan(300);
  });

  it('refuse a call without a required argument, and one of the wrong type, by the name of the field', async () => {
    for (const each of cases) {
      const box = boxOf(each);
      for (const { name, example } of each.expected) {
        const { parameters = {} } = each.functions.find((one) => one.name === name) ?? {};
        const [field] = Array.isArray(parameters.required) ? parameters.required : [];
        if (field === undefined || !Object.hasOwn(example, field)) continue;
        const { [field]: _, ...without } = example;
        const properties = parameters.properties as Readonly<Record<string, JsonSchema>>;
        const { type } = properties[field] ?? {};
        const broken =
          type === undefined || type === 'array' ? [without] : [without, { ...example, [field]: wrongOf(type) }];
        for (const input of broken) {
          const [result] = await box([call(name, input)]);
          expect(result).toMatchObject({ isError: true, output: expect.stringContaining(String(field)) });
        }
      }
    }
  });

  it('go to the strict form of a provider and back without loss', () => {
    let converted = 0;
    for (const { functions, expected } of cases) {
      for (const { name, example } of expected) {
        const parameters = functions.find((one) => one.name === name)?.parameters;
        if (parameters === undefined) continue;
        let strict: ReturnType<typeof strictSchema>;
        try {
          strict = strictSchema(parameters);
        } catch {
          // Free-form objects have no strict form; providers get them as they are.
          continue;
        }
        expect(strict.fromStrict(strict.toStrict(example))).toEqual(example);
        converted++;
      }
    }
    expect(converted).toBeGreaterThan(300);
  });

  it('are left alone by the repair of arguments that are right', () => {
    for (const { functions, expected } of cases) {
      for (const { name, example, exampleViolatesSchema } of expected) {
        const parameters = functions.find((one) => one.name === name)?.parameters;
        if (parameters !== undefined && exampleViolatesSchema === undefined) {
          expect(repairInput(parameters, example)).toEqual(example);
        }
      }
    }
  });
});
