// `node burst.mjs COUNT ELEMENTS SECONDS`: makes and frees so many tensors at once, works with small ones for some seconds,
// and prints megabytes: resident before, at the peak and in the end, and what is still cached.
import { memory, ones, zeros } from 'flambeau';

const [count, elements, seconds] = process.argv.slice(2).map(Number);
const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
const resident = () => megabytes(process.memoryUsage.rss());

const small = ones([16]);
const before = resident();
const burst = Array.from({ length: count }, () => zeros([elements]));
const peak = resident();
for (const x of burst.splice(0)) x.dispose();
for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
  for (let i = 0; i < 100; i++) small.add(1).dispose();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(JSON.stringify({ before, peak, after: resident(), cached: megabytes(memory().cachedBytes) }));
