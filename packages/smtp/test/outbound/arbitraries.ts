/** Generators that several property tests of this folder use. */
import fc from 'fast-check';

/** The octets of a text (latin1) cut into pieces at arbitrary places. */
export function pieces(text: string): fc.Arbitrary<readonly Buffer[]> {
  const octets = Buffer.from(text, 'latin1');
  return fc.array(fc.nat(octets.length), { maxLength: 8 }).map((cuts) => {
    const edges = [0, ...cuts.toSorted((a, b) => a - b), octets.length];
    return edges.slice(1).map((edge, i) => octets.subarray(edges[i], edge));
  });
}
