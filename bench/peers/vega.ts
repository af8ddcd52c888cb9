// Vega draws the charts. It is installed beside this file, with the peers; types are checked without it.

interface Vega {
  parse(spec: object): object;
  View: new (runtime: object, options: object) => { toSVG(): Promise<string> };
}
interface VegaLite {
  compile(spec: object): { readonly spec: object };
}

const load = <M>(name: string): Promise<M> => import(name);

/** The SVG of a Vega-Lite specification. */
export async function svgOf(spec: object): Promise<string> {
  const [vega, lite] = await Promise.all([load<Vega>('vega'), load<VegaLite>('vega-lite')]);
  return new vega.View(vega.parse(lite.compile(spec).spec), { renderer: 'none' }).toSVG();
}
