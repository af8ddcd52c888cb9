// `npm run demo`: the three small programs, then real handwritten digits.
import { conditional } from './conditional.js';
import { digits } from './digits/main.js';
import { moduleList } from './moduleList.js';
import { sequential } from './sequential.js';

const programs = [
  ['1. A Sequential runs its layers itself', sequential],
  ['2. The same network over a ModuleList', moduleList],
  ['3. A ModuleList whose tail runs on a condition', conditional],
  ['4. Handwritten digits', digits],
] as const;

for (const [title, program] of programs) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}\n`);
  program();
}
