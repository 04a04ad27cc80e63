import fc from "fast-check";

/** Parts of requests, right and wrong. */
const line = fc.constantFrom(
  "GET / HTTP/1.1\r\n",
  "POST /a?b=c HTTP/1.1\r\n",
  "POST / HTTP/1.1\r\n",
  "PUT / HTTP/1.0\r\n",
  "OPTIONS * HTTP/1.1\r\n",
  "GET http://a/b HTTP/1.1\r\n",
  "DELETE /%20 HTTP/1.1\r\n",
);
const field = fc.constantFrom(
  "Host: a\r\n",
  "Host: b\r\n",
  "host:a\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "content-length:\t10 \r\n",
  "Transfer-Encoding: chunked\r\n",
  "transfer-encoding: Chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "X: y\r\n",
  "X:\r\n",
  "X: \xe4 b\tc\r\n",
  "Cookie: a=b; c=d\r\n",
);
const body = fc.constantFrom(
  "",
  "abc",
  "3\r\nabc\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "a;x=y\r\n0123456789\r\n0\r\nD: e\r\n\r\n",
  '1;q="z"\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
  "0123456789",
);
const nasty = fc.constantFrom(
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "-",
  "+",
  "\x0b",
  "\x7f",
  "\xff",
  "x",
  "#",
  "\r\n ",
);

const request = fc
  .tuple(line, fc.array(field, { maxLength: 5 }), body, fc.boolean())
  .map(
    ([first, fields, rest, hasHost]) =>
      `${first}${hasHost ? "Host: a\r\n" : ""}${fields.join("")}\r\n${rest}`,
  );

/** One to three requests, with up to two places in which something was put in or taken out. */
export const connectionText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 2 }), nasty), { maxLength: 2 }),
  )
  .map(([requests, changes]) => {
    let text = requests.join("");
    for (const [place, without, instead] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + instead + text.slice(at + without);
    }
    return text;
  });
