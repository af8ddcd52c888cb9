// Turns an example into a module that checks what its comments say.

/** What examples may take for granted, as a reader does. An example that declares a name of its own hides ours. */
const GIVEN = `
  const F = flambeau.functional;
  const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2));
  const x = flambeau.randn([8, 10], { requiresGrad: true });
  const target = flambeau.randn([8, 2]);
  const labels = flambeau.randint(0, 2, [8]);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
`;

const NUMBER = String.raw`-?(?:\d[\d.]*(?:e[-+]?\d+)?…?|Infinity)|NaN`;
const ATOM = `${NUMBER}|'[^']*'|true|false|null|undefined`;
const ARRAY = String.raw`\[(?:${ATOM}|[\s,[\]])*\]`;
/** `expression; // value`, also `// value: remark` and `// value, remark`; whole lines at the outermost level. */
const CHECKED = new RegExp(
  String.raw`^(?<statement>(?!(?:const|let|class|for|if|try|return|import)\b)[^\s/}\].].*);\s*\/\/ (?<value>${ARRAY}|${ATOM})(?:[:,;=( ]*\s.*)?$`,
);
const THROWS = /^(?<statement>\S.*);\s*\/\/ throws: (?<message>.*)$/;

function checkedLine(line: string): string {
  const throwing = THROWS.exec(line)?.groups;
  if (throwing)
    return `throws(() => ${throwing.statement}, ${JSON.stringify(throwing.message!.split('…')[0]!.trim())});`;
  const checked = CHECKED.exec(line)?.groups;
  if (!checked) return line;
  const value = checked.value!;
  const digits = [...value.matchAll(/\.(\d+)…/g)].map((match) => match[1]!.length);
  return `is(${checked.statement}, ${value.replaceAll('…', '')}, ${digits.length > 0 ? 10 ** -Math.min(...digits) : 0});`;
}

/** The example as a TypeScript module with an async function `run({ is, throws })`. */
export function programOf(code: string, exported: readonly string[]): string {
  const imports: string[] = [];
  const body = code.replaceAll(/^import [^;]*;\n/gm, (statement) => {
    imports.push(statement);
    return '';
  });
  const named = new Set(imports.flatMap((statement) => statement.match(/\w+(?=\s*[,}])/g) ?? []));
  return [
    `import * as flambeau from 'flambeau';`,
    `import { ${exported.filter((name) => !named.has(name)).join(', ')} } from 'flambeau';`,
    ...imports,
    `interface Checks { is(actual: unknown, expected: unknown, tolerance: number): void; throws(fn: () => unknown, message: string): void }`,
    `export async function run({ is, throws }: Checks): Promise<void> {${named.has('F') ? GIVEN.replace(/.*const F .*\n/, '') : GIVEN}{`,
    ...body.split('\n').map(checkedLine),
    '}}',
  ].join('\n');
}
