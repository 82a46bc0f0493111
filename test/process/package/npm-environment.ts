// The environment in which npm is run, as a person's shell has it.

/** Whoever reaches the registry needs the certificates that jest.config.mjs keeps from all other programs of the tests. */
export const npmEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_OPTIONS: "",
  NODE_EXTRA_CA_CERTS: process.env["NPM_EXTRA_CA_CERTS"],
};
