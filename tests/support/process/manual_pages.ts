/** The pages of the manual, and the blocks of code in them. */

export const MANUAL = new URL("../../../src/manual/", import.meta.url);

export interface Block {
  /** The first word after the fence, such as `sh` or `ts`. */
  readonly language: string;
  /** The words after it, which say how the block is tested. */
  readonly marks: readonly string[];
  readonly text: string;
  /** The line number of the block's first line. */
  readonly line: number;
}

export interface Page {
  /** Its path in the repository. */
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const FILE_NAME = /^(?:\/\/|#) ([\w.-]+\.(?:ts|jsonc|env))$/;

/** The file that a block is written to, named by its first line. */
export function codeName({ text }: Block): string | undefined {
  return FILE_NAME.exec(text.split("\n", 1)[0] ?? "")?.[1];
}

const FENCED = /^```(\w*)([^\n]*)\n([\s\S]*?)^```$/gm;

export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(FENCED)].map(({ 1: language = "", 2: marks = "", 3: code, index }) => ({
    language,
    marks: marks.split(" ").filter((mark) => mark !== ""),
    text: code ?? "",
    line: text.slice(0, index).split("\n").length + 1,
  }));
}

export async function readPage(name: string): Promise<Page> {
  const text = await Deno.readTextFile(new URL(`${name}.md`, MANUAL));
  return { file: `src/manual/${name}.md`, text, blocks: blocksOf(text) };
}

export async function pageNames(): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(MANUAL)) {
    if (name.endsWith(".md")) names.push(name.slice(0, -".md".length));
  }
  return names.toSorted();
}
