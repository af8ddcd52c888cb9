// Prints the rows of cases.ts as JSON, for make_fixtures.py.
import { errors, rows } from './cases.js';

const data = {
  rows: rows.map(({ name, torch, samples }) => ({ name, torch, samples })),
  errors: errors.map(({ name, torch, inputs }) => ({ name, torch, inputs })),
};
process.stdout.write(JSON.stringify(data));
