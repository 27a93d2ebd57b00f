/** The version of the program, as `--version` and plans say it. */
export const programVersion = '0.1.0';
