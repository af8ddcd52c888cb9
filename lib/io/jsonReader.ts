import { fail } from '../tensor/errors.js';

const [QUOTE, COMMA, ZERO, NINE, COLON, BACKSLASH] = [0x22, 0x2c, 0x30, 0x39, 0x3a, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** serde_json's limit, hence that of the reference implementation. */
const MAX_DEPTH = 127;

/** One pass over JSON of a known form: nothing is built that the caller does not ask for. `bytes` are valid UTF-8. */
export class JsonReader {
  private position = 0;

  /** `charge` is told how many bytes of JavaScript's heap a text is about to take. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly charge: (heapBytes: number) => void,
  ) {}

  refuse(expected: string): never {
    const byte = this.bytes[this.position];
    const got =
      byte === undefined ? 'its end' : byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte ${byte}`;
    return fail('BAD_FILE', `the header is malformed at byte ${this.position}: expected ${expected}, got ${got}`);
  }

  /** `visit` reads the value of each key. */
  object(visit: (key: string) => void): void {
    this.list(OPEN_OBJECT, CLOSE_OBJECT, 'an object', () => {
      const key = this.string('a key');
      if (this.next() !== COLON) this.refuse("':'");
      this.position++;
      visit(key);
    });
  }

  array(visit: () => void): void {
    this.list(OPEN_ARRAY, CLOSE_ARRAY, 'an array', visit);
  }

  private list(open: number, close: number, what: string, visit: () => void): void {
    if (this.next() !== open) this.refuse(what);
    this.position++;
    if (this.next() === close) {
      this.position++;
      return;
    }
    for (;;) {
      visit();
      const byte = this.next();
      if (byte !== COMMA && byte !== close) this.refuse(`',' or '${String.fromCharCode(close)}'`);
      this.position++;
      if (byte === close) return;
    }
  }

  string(what: string): string {
    if (this.next() !== QUOTE) this.refuse(what);
    const { bytes } = this;
    const begin = this.position++;
    let escaped = false;
    for (; bytes[this.position] !== QUOTE; this.position++) {
      if (bytes[this.position] === BACKSLASH) {
        escaped = true;
        this.position++;
      }
      if (!(bytes[this.position]! >= 0x20)) this.refuse('a character of a string');
    }
    const end = this.position++;
    this.charge(2 * (end - begin));
    const text = (from: number, to: number): string =>
      Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
    if (!escaped) return text(begin + 1, end);
    let value: string;
    try {
      value = JSON.parse(text(begin, end + 1)) as string;
    } catch {
      this.position = begin;
      return this.refuse('a string with valid escapes');
    }
    if (LONE_SURROGATE.test(value)) {
      this.position = begin;
      this.refuse('a string of whole characters (no lone surrogates)');
    }
    return value;
  }

  /** An integer without sign, fraction or exponent, that a number holds exactly. */
  integer(what: string): number {
    const first = this.next();
    const begin = this.position;
    let value = 0;
    for (let byte = first; byte >= ZERO && byte <= NINE; byte = this.bytes[++this.position] ?? -1) {
      value = value * 10 + (byte - ZERO);
      if (value > Number.MAX_SAFE_INTEGER || (this.position > begin && first === ZERO)) {
        this.position = begin;
        this.refuse(`${what}, below 2^53 and without leading zeros`);
      }
    }
    if (this.position === begin) this.refuse(what);
    return value;
  }

  isNull(): boolean {
    if (this.next() !== 0x6e) return false;
    this.skip(0);
    return true;
  }

  /** Checks a value that nobody wants; `depth` is that of what it stands in. */
  skip(depth: number): void {
    if (depth > MAX_DEPTH) this.refuse(`at most ${MAX_DEPTH} levels`);
    const byte = this.next();
    if ((byte === OPEN_ARRAY || byte === OPEN_OBJECT) && depth === MAX_DEPTH) {
      this.refuse(`at most ${MAX_DEPTH} levels`);
    }
    if (byte === OPEN_OBJECT) this.object(() => this.skip(depth + 1));
    else if (byte === OPEN_ARRAY) this.array(() => this.skip(depth + 1));
    else if (byte === QUOTE) this.string('a string');
    else this.skipWord();
  }

  private skipWord(): void {
    const begin = this.position;
    let end = begin;
    for (let byte = this.bytes[end]; byte !== undefined && WORD.has(byte); byte = this.bytes[++end]);
    this.charge(end - begin);
    const word = Buffer.from(this.bytes.subarray(begin, end)).toString('latin1');
    if (word === 'null' || word === 'true' || word === 'false') this.position = end;
    else if (NUMBER.test(word) && Number.isFinite(Number(word))) this.position = end;
    else this.refuse('a value');
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.next() !== -1) this.refuse('the end');
  }

  /** The next byte that is no white space, -1 at the end; not taken. */
  private next(): number {
    for (;;) {
      const byte = this.bytes[this.position];
      if (byte === undefined) return -1;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.position++;
    }
  }
}

/** In a text or a name that is to be written as UTF-8, half a character. */
export const LONE_SURROGATE = /\p{Surrogate}/u;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What numbers, null, true and false are written with. */
const WORD: ReadonlySet<number> = new Set([...'0123456789+-.eEnultrfas'].map((c) => c.charCodeAt(0)));
