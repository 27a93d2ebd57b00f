/** Debian's chromium for tests of pages: nothing may be said on its console, and nothing asked of anybody else. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { program } from './lab.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Pictures go beside the documents with UPDATE_PICTURES=1, else where nobody keeps them. */
async function pictureFolder(): Promise<string> {
  if (process.env['UPDATE_PICTURES'] !== '1') return mkdtemp(join(tmpdir(), 'sdn-compat-pictures-'));
  const folder = join(root, 'docs/pictures');
  await mkdir(folder, { recursive: true });
  return folder;
}

export class TestBrowser {
  readonly #browser: Browser;
  readonly #pictures: string;

  private constructor(browser: Browser, pictures: string) {
    this.#browser = browser;
    this.#pictures = pictures;
  }

  static async up(): Promise<TestBrowser> {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    return new TestBrowser(browser, await pictureFolder());
  }

  async open(url: string, scheme: 'light' | 'dark' = 'light'): Promise<TestPage> {
    const page = await this.#browser.newPage({ viewport: { width: 1400, height: 860 }, colorScheme: scheme });
    const opened = new TestPage(page, this.#pictures, new URL(url));
    await page.goto(url);
    return opened;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

export class TestPage {
  readonly page: Page;
  /** What the browser complained of, and what was asked of others. */
  readonly complaints: string[] = [];
  readonly #pictures: string;

  constructor(page: Page, pictures: string, { origin, protocol }: URL) {
    this.page = page;
    this.#pictures = pictures;
    page.on('console', (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('request', (request) => {
      const isOwn = protocol === 'file:' ? request.url().startsWith('file:') : request.url().startsWith(`${origin}/`);
      if (!isOwn) this.complaints.push(`asked for ${request.url()}`);
    });
  }

  /** The lines in view, as their hints tell them. */
  async lines(): Promise<readonly string[]> {
    const script = `[...document.querySelectorAll('.line')].map((one) => one.title)`;
    const titles: string[] = await this.page.evaluate(script);
    return titles;
  }

  /** What a checker of accessibility finds: contrast, names, roles, order. */
  async faults(): Promise<readonly string[]> {
    await this.page.evaluate(axe.source);
    const found: axe.AxeResults = await this.page.evaluate('axe.run()');
    return found.violations.map(({ id, nodes }) => {
      const about = nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`);
      return `${id}: ${about.join('; ')}`;
    });
  }

  async picture(name: string): Promise<number> {
    const bytes = await this.page.screenshot({ path: join(this.#pictures, `${name}.png`) });
    return bytes.length;
  }
}

export interface Dashboard {
  /** The address that opens it, with the token. */
  readonly url: string;
  /** All that it printed. */
  readonly said: () => string;
  stop(): Promise<number | null>;
}

/** Starts `sdn-compat dashboard` and waits for its address. */
export async function dashboard(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Dashboard> {
  const child = spawn(program, ['dashboard', ...args], { env: { ...process.env, ...env } });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      text += chunk.toString();
      const found = /open (http\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => reject(new Error(`the page did not begin: ${text}`)));
  });
  return {
    ...{ url, said: () => text },
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
