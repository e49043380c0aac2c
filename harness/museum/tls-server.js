// A TLS server on any release of Node since 0.10.
// Arguments: file of the key, file of the certificate, port, options of tls.createServer as JSON.
var fs = require('fs');
var tls = require('tls');

var options = JSON.parse(process.argv[5]);
options.key = fs.readFileSync(process.argv[2]);
options.cert = fs.readFileSync(process.argv[3]);

var server = tls.createServer(options, function (stream) {
  stream.on('error', function () {});
  stream.end('hello\n');
});
// Scanners break off handshakes. The event's name changed in Node 6.
['clientError', 'tlsClientError'].forEach(function (event) {
  server.on(event, function () {});
});
server.listen(Number(process.argv[4]), '127.0.0.1');
