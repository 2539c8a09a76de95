/** The package has no types of its own. */
declare module "csv-spectrum" {
  export type Spectrum = { readonly name: string; readonly csv: Buffer; readonly json: Buffer };
  export default function csvSpectrum(done: (error: Error | null, files: Spectrum[]) => void): void;
}
