// Prints the rows of cases.ts as JSON, for make_fixtures.py.
import { errors, groups } from './cases.js';

const data = {
  groups: Object.fromEntries(
    Object.entries(groups).map(([group, rows]) => [
      group,
      rows.map(({ name, torch, samples }) => ({ name, torch, samples })),
    ]),
  ),
  errors: errors.map(({ name, torch, inputs }) => ({ name, torch, inputs })),
};
process.stdout.write(JSON.stringify(data));
