import fc from 'fast-check';
import { harmless } from '../../src/cli/output.ts';

test('escape sequences are shown, lines and tabs stay', () => {
  expect(harmless('a\u001b[2J\tb\n\u009bc\r')).toBe('a\\u001b[2J\tb\n\\u009bc\\u000d');
  expect(harmless('shop\u202egnp.exe')).toBe('shop\\u202egnp.exe');
  expect(harmless('half \ud800')).toBe('half \\ud800');
  expect(harmless('Straße 東京 😀')).toBe('Straße 東京 😀');
});

test('JSON that holds such characters reads as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(harmless(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});
