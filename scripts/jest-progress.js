/** Prints a line when a test begins and one when it has ended: who waits sees how far it is, and where it hangs. */
export default class Progress {
  onTestCaseStart(_file, { ancestorTitles, title }) {
    say('begins', { ancestorTitles, title });
  }

  onTestCaseResult(_file, result) {
    if (result.status !== 'pending') say(result.status, result);
    // what comes after all of them may never come
    for (const message of result.failureMessages) process.stdout.write(`${message}\n`);
  }
}

function say(what, { ancestorTitles, title }) {
  process.stdout.write(`${what}: ${[...ancestorTitles, title].join(' › ')}\n`);
}
