/**
 * Reads a JSON text again, for what `JSON.parse` does not tell: where it is malformed, and which
 * names an object repeats. The usual parser for that is a CommonJS module: loading such modules took
 * a twentieth of a start.
 */

/** The names and indexes that lead to a value. */
export type JsonPath = readonly (string | number)[];

/**
 * The offset, in UTF-16 units, of the first character that cannot be part of a JSON document; the
 * length of the text if it ends too early. `undefined` if it is a JSON document.
 *
 * @param text Not nested so deep that a recursion could fail.
 * @param onRepeated Called for each name that its object has already.
 */
export function offsetOfError(
  text: string,
  onRepeated: (path: JsonPath) => void = () => {},
): number | undefined {
  const reader = new JsonReader(text, onRepeated);
  try {
    reader.read();
    return undefined;
  } catch (error) {
    if (error instanceof Unexpected) return reader.at;
    throw error;
  }
}

/** Thrown at the first character that does not fit. */
class Unexpected extends Error {}

/** What a number can begin with; it is whole if it ends with a digit. */
const NUMBER = /-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE][-+]?\d*)?)?|[eE][-+]?\d*)?)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
/** What an escape can begin with. */
const PART_OF_ESCAPE = /\\(?:u[\da-fA-F]{0,3})?/y;
const SPACES = /[ \t\n\r]*/y;
const LITERALS = ["true", "false", "null"];
const CONTROL_CHARACTERS = 0x20;

class JsonReader {
  at = 0;
  readonly #path: (string | number)[] = [];

  constructor(
    private readonly text: string,
    private readonly onRepeated: (path: JsonPath) => void,
  ) {}

  read(): void {
    this.#value();
    if (this.at < this.text.length) throw new Unexpected();
  }

  /** With the spaces around it. */
  #value(): void {
    this.#skip(SPACES);
    if (this.#takes("{")) this.#object();
    else if (this.#takes("[")) this.#array();
    else if (this.#takes('"')) this.#restOfString();
    else this.#scalar();
    this.#skip(SPACES);
  }

  #object(): void {
    const names = new Set<string>();
    this.#items("}", () => {
      const name = this.#name();
      this.#path.push(name);
      if (names.has(name)) this.onRepeated(this.#path);
      names.add(name);
      this.#value();
      this.#path.pop();
    });
  }

  #array(): void {
    let index = 0;
    this.#items("]", () => {
      this.#path.push(index++);
      this.#value();
      this.#path.pop();
    });
  }

  #items(end: string, item: () => void): void {
    this.#skip(SPACES);
    if (this.#takes(end)) return;
    do item(); while (this.#takes(","));
    this.#take(end);
  }

  /** With its colon. */
  #name(): string {
    this.#skip(SPACES);
    const start = this.at;
    this.#take('"');
    this.#restOfString();
    const name: string = JSON.parse(this.text.slice(start, this.at));
    this.#skip(SPACES);
    this.#take(":");
    return name;
  }

  #restOfString(): void {
    while (!this.#takes('"')) {
      if (this.text[this.at] !== "\\") {
        if (!(this.text.charCodeAt(this.at) >= CONTROL_CHARACTERS)) throw new Unexpected();
        this.at++;
      } else if (!this.#skip(ESCAPE)) {
        this.#skip(PART_OF_ESCAPE);
        throw new Unexpected();
      }
    }
  }

  #scalar(): void {
    const literal = LITERALS.find(([first]) => first === this.text[this.at]);
    if (literal !== undefined) return [...literal].forEach((letter) => this.#take(letter));
    this.#skip(NUMBER);
    if (!/\d/.test(this.text[this.at - 1] ?? "")) throw new Unexpected();
  }

  /** Moves past what is there of a pattern; `false` if there is nothing. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    const isMoved = pattern.lastIndex > this.at;
    this.at = pattern.lastIndex;
    return isMoved;
  }

  #takes(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #take(character: string): void {
    if (!this.#takes(character)) throw new Unexpected();
  }
}
