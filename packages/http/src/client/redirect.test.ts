import { expect, test } from "vitest";
import { errorCode } from "../../test/support/error-code.ts";
import { goesAlong, redirectOf } from "./redirect.ts";

const FROM = "http://a.test/x/y?z";

test.each([
  [301, "POST", "GET"],
  [302, "POST", "GET"],
  [303, "POST", "GET"],
  [307, "POST", "POST"],
  [308, "POST", "POST"],
  [301, "PUT", "PUT"],
  [302, "DELETE", "DELETE"],
  [303, "PUT", "GET"],
  [303, "HEAD", "HEAD"],
  [301, "GET", "GET"],
])("redirectOf: %i makes of %s a %s", (status, method, next) => {
  const redirect = redirectOf(status, "/b", FROM, method);
  expect(redirect?.url.href).toBe("http://a.test/b");
  expect(redirect?.method).toBe(next);
  expect(redirect?.keepsBody).toBe(method === next);
});

test("redirectOf: other statuses, and those without a Location, are no redirects", () => {
  for (const status of [200, 300, 304, 305, 306, 404])
    expect(redirectOf(status, "/b", FROM, "GET")).toBe(null);
  expect(redirectOf(302, undefined, FROM, "GET")).toBe(null);
});

test("redirectOf: a Location is relative to the URL, and its octets are UTF-8", () => {
  expect(redirectOf(302, "b", FROM, "GET")?.url.href).toBe("http://a.test/x/b");
  expect(redirectOf(302, "?b", FROM, "GET")?.url.href).toBe("http://a.test/x/y?b");
  expect(redirectOf(302, "//b.test", FROM, "GET")?.url.href).toBe("http://b.test/");
  expect(redirectOf(302, "/\xc3\xa4", FROM, "GET")?.url.pathname).toBe("/%C3%A4");
});

test("redirectOf: URLs that are none, of other schemes, and with users are refused", () => {
  for (const bad of ["http://", "http://[", "ftp://a/", "data:,a", "javascript:a", "http://u:p@a/"])
    expect(
      errorCode(() => redirectOf(302, bad, FROM, "GET")),
      bad,
    ).toBe("HTTP_BAD_REDIRECT");
});

test("goesAlong: credentials do not leave their origin, and what is said of a body goes with it", () => {
  const along = (location: string, status: number) => {
    const redirect = redirectOf(status, location, FROM, "POST");
    if (redirect === null) throw new Error("it is one");
    return ["Authorization", "cookie", "Host", "Proxy-Authorization", "Content-Type", "X"].filter((name) =>
      goesAlong(name, redirect),
    );
  };
  expect(along("/b", 307)).toEqual([
    "Authorization",
    "cookie",
    "Host",
    "Proxy-Authorization",
    "Content-Type",
    "X",
  ]);
  expect(along("/b", 303)).toEqual(["Authorization", "cookie", "Host", "Proxy-Authorization", "X"]);
  expect(along("http://b.test/", 307)).toEqual(["Content-Type", "X"]);
  expect(along("http://a.test:81/", 307)).toEqual(["Content-Type", "X"]);
  expect(along("https://a.test/", 302)).toEqual(["X"]);
});
