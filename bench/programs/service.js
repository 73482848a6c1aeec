// A small web service: each request makes a document, compresses it, keeps it a while and answers with what it inflates to.
//   service.js PORT
const http = require('http');
const zlib = require('zlib');
const kept = [];
http.createServer((request, response) => {
  const number = Number(request.url.slice(1));
  const list = Array.from({ length: number % 300 }, (_, i) => ({ key: i, text: 'x'.repeat(i % 40), value: number * i }));
  kept.push(zlib.deflateSync(JSON.stringify({ number, list })), Buffer.alloc(number % 5000, number % 256));
  if (kept.length > 4000) kept.splice((number * 13) % 3000, 2);
  response.end(zlib.inflateSync(kept[kept.length - 2]));
}).listen(Number(process.argv[2]), '127.0.0.1');
