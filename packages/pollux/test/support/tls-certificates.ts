// Certificates for tests of TLS, signed by an authority of their own, and with their keys, which protect nothing. They were
// made once with OpenSSL 3.0, and expire in 2126, except for the one that has expired:
//
//   new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj "/CN=$2" "${@:3}"; }
//   sign() { openssl x509 -req -CA ca.crt -CAkey ca.key -in $1.csr -out $1.crt -days $2 -extfile <(echo "subjectAltName=$3"); }
//   new ca "Pollux test CA" -x509 -days 36500 -out ca.crt
//   new server localhost -out server.csr;   sign server 36500 DNS:localhost,DNS:one.test,IP:127.0.0.1
//   new other other.test -out other.csr;    sign other 36500 DNS:other.test
//   new client client -out client.csr;      sign client 36500 DNS:client.test
//   new expired localhost -out expired.csr; sign expired -1 DNS:localhost

/** The authority, which clients trust. */
export const ca = `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUEn06xoZub8wt/VVWdw+8gNC/Q1cwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOUG9sbHV4IHRlc3QgQ0EwIBcNMjYxMTI0MTYwMDMyWhgPMjEy
NjEwMzExNjAwMzJaMBkxFzAVBgNVBAMMDlBvbGx1eCB0ZXN0IENBMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE9oNIJmYCfGn/z6GceakEgLyWog3PDzgDHT1hB4lR
zaHWT7JRWb48YA9nNNf0j38TvU5ySY2TA0W3PVZ3TRXg9aNTMFEwHQYDVR0OBBYE
FIuc89nWO0yjeLIx2i9StJ4DWXabMB8GA1UdIwQYMBaAFIuc89nWO0yjeLIx2i9S
tJ4DWXabMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhALQ8lc6m
jKnsdgLgt/mQinAEbQ5uG9MXNInmQFmkWSElAiEAzO0fakUzAtCF22aNtuyiXYbH
kY50DnAkPEe9GucvWZU=
-----END CERTIFICATE-----`;

/** For `localhost`, `one.test` and 127.0.0.1. */
export const server = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmDCCAT+gAwIBAgIUZ9g05Jlng4KGGLrAelPAY9naghUwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOUG9sbHV4IHRlc3QgQ0EwIBcNMjYxMTI0MTYwMDMyWhgPMjEy
NjEwMzExNjAwMzJaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABGXYoETqUlFwUcgzHsbNooHHDrNdbB28eTtrTormBZTSsrET
UWS2p4Rclta5GXrc6teKJtQw0tOH6Mq6Nfb9UWGjaDBmMCQGA1UdEQQdMBuCCWxv
Y2FsaG9zdIIIb25lLnRlc3SHBH8AAAEwHQYDVR0OBBYEFD7EAsDMp/io11M/a+HW
U2KzydNgMB8GA1UdIwQYMBaAFIuc89nWO0yjeLIx2i9StJ4DWXabMAoGCCqGSM49
BAMCA0cAMEQCIH1dH9OBZOSSqTkSnKG4ghZ4tHNvqpxCRqVftHmAE5Q+AiBHYxZ/
ibIxAxQoV7sY2eYlM8tR436foPjmgtGZPsmjRQ==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbBtH1Wkrb3oo4efO
93JxsawXag364c+mhX9djPI4TrOhRANCAARl2KBE6lJRcFHIMx7GzaKBxw6zXWwd
vHk7a06K5gWU0rKxE1FktqeEXJbWuRl63OrXiibUMNLTh+jKujX2/VFh
-----END PRIVATE KEY-----`,
};

/** For `other.test`. */
export const other = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUPWbI3Cn1DZGer2kTWEN2fSQ6+EwwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOUG9sbHV4IHRlc3QgQ0EwIBcNMjYxMTI0MTYwMDMyWhgPMjEy
NjEwMzExNjAwMzJaMBUxEzARBgNVBAMMCm90aGVyLnRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAATTbOrxT+kQwyMOZ5CAs5tBL0HipHVTJAWifLXoD8Cid8mJ
4wNU5qFavae2Xx9gbVi58HUK1LjiaE+Hnb9ZiBTVo1kwVzAVBgNVHREEDjAMggpv
dGhlci50ZXN0MB0GA1UdDgQWBBRgWkOc+zo0DI7sGlhzr4C7xV0FkjAfBgNVHSME
GDAWgBSLnPPZ1jtMo3iyMdovUrSeA1l2mzAKBggqhkjOPQQDAgNJADBGAiEAlHo7
jl2BiIR9ME3RsUMIXK30vFb/7aYGV/IUyRoW9psCIQDADjGfJgcl1vUNzwzz7hTr
cessDnq65+Raisl5cW3z/w==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGxDl31sMlfERv5Yw
02WACGiqxbarNupQnlFoToV18sihRANCAATTbOrxT+kQwyMOZ5CAs5tBL0HipHVT
JAWifLXoD8Cid8mJ4wNU5qFavae2Xx9gbVi58HUK1LjiaE+Hnb9ZiBTV
-----END PRIVATE KEY-----`,
};

/** For a client. */
export const client = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBhzCCAS6gAwIBAgIUIgw13/vCGZiNtzHS+dzE6m90sHswCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOUG9sbHV4IHRlc3QgQ0EwIBcNMjYxMTI0MTYwMDMyWhgPMjEy
NjEwMzExNjAwMzJaMBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABK4EsiM+gvQ4GpZMDMnSrgHIfEXJguFxxS9PZJJaiDguSsfOv6DJ
Vpq1QUdVm5yiexht/fq0Yp7lOCOgjMQ4l12jWjBYMBYGA1UdEQQPMA2CC2NsaWVu
dC50ZXN0MB0GA1UdDgQWBBRV6Oe5ZRZe4v8TM/ER+8raQ8sc+zAfBgNVHSMEGDAW
gBSLnPPZ1jtMo3iyMdovUrSeA1l2mzAKBggqhkjOPQQDAgNHADBEAiAYkIb8XT4K
uYdS4gfmhf3BbR0hRZqbvuZOcqjjOCfaRQIgGQ9IEJN0LcLjMq//DYndhsikL125
lK/M1rJtNyx19QI=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyxfP600aVtSJieNm
EBONVpdkbBWp5kgYQoUYNDKqq0WhRANCAASuBLIjPoL0OBqWTAzJ0q4ByHxFyYLh
ccUvT2SSWog4LkrHzr+gyVaatUFHVZuconsYbf36tGKe5TgjoIzEOJdd
-----END PRIVATE KEY-----`,
};

/** For `localhost`, and expired. */
export const expired = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIUWHh/jW7hMn+SYxd61I0K726PAsEwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOUG9sbHV4IHRlc3QgQ0EwHhcNMjYxMTI0MTYwMDU1WhcNMjYx
MTIzMTYwMDU1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAT+3+p8MxR1iKxguYK7sV2hSkUPCW8+Z72OJnzUKWvVBg3cAENs
AMlx0WcFau5/XItR4QhoT3m9d5zrHL8MndbQo1gwVjAUBgNVHREEDTALgglsb2Nh
bGhvc3QwHQYDVR0OBBYEFI2n0twhC14d1WA71pcE+bI9pb0zMB8GA1UdIwQYMBaA
FIuc89nWO0yjeLIx2i9StJ4DWXabMAoGCCqGSM49BAMCA0kAMEYCIQD8mlMLMbK6
vAL9gLeCuaRsscvv0JFSMW69fdMcC48eqwIhAJ+IYG5GuqyA+1JLYNHmXmMm6QG6
bJVKhrepPjMKGyed
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIAFEq9r4wDfoLYtl
8n8tmZY01XnIA1ruu4W3PFFwQDyhRANCAAT+3+p8MxR1iKxguYK7sV2hSkUPCW8+
Z72OJnzUKWvVBg3cAENsAMlx0WcFau5/XItR4QhoT3m9d5zrHL8MndbQ
-----END PRIVATE KEY-----`,
};
