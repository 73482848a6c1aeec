// Buffers, strings, maps and parsed documents that come and go.   phases.js ROUNDS
const rounds = Number(process.argv[2] || 1);
let seed = 7;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;

const kept = new Map();
let total = 0;
for (let round = 0; round < rounds; round++) {
  const documents = [];
  for (let i = 0; i < 20000; i++) {
    documents.push({id: i, words: ['a' + Math.floor(random() * 3000), 'b' + i], text: 'x'.repeat(random() * 200)});
  }
  const parsed = JSON.parse(JSON.stringify(documents));
  for (const each of parsed) if (random() < 0.2) kept.set(round + each.words[0], each);
  const buffers = [];
  for (let i = 0; i < 3000; i++) {
    buffers.push(Buffer.alloc(1000 + Math.floor(random() * 30000), i % 256));
    if (random() < 0.5) buffers[Math.floor(random() * buffers.length)] = null;
  }
  total += buffers.reduce((sum, buffer) => sum + (buffer ? buffer.length : 0), 0);
  for (const key of kept.keys()) if (random() < 0.5) kept.delete(key);
}
console.log(total, kept.size);
