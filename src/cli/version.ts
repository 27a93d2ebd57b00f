/** The version of the program, in `--version` and in plans. */
export const programVersion = '0.1.0';
