/** Field manager of what the controllers create, and of the fields that they must know as theirs later. */
export const controllerManager = 'sdn-compat-controller';
