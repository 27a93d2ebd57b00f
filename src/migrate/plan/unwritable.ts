/** What a command says if the system refuses to write a file, as on a full disk. */

/** An error with the name of the file or folder, which the system does not say if it cannot write to what is open. */
export class Unwritable extends Error {
  constructor(file: string, error: unknown) {
    super(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    this.name = 'Unwritable';
  }
}
