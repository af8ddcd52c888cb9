/** A float as Python prints it: `1.0`, `0.1`, `1e-05`. */
export function pythonFloat(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const [digits, power] = x.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = exponent < 0 ? x.toFixed(Math.max(0, digits.replace(/[-.]/g, '').length - 1 - exponent)) : String(x);
  return text.includes('.') ? text : `${text}.0`;
}

export const pythonBool = (x: boolean): string => (x ? 'True' : 'False');

/** `null` is Python's None. */
export const pythonInt = (x: number | null): string => (x === null ? 'None' : String(x));
