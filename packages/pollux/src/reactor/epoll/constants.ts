// Numbers of the Linux kernel, the same on all architectures that a binary is made for.

export const EPOLL_CTL_ADD = 1;

export const EPOLLIN = 0x001;
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET: number = 1 << 31;

export const AF_INET = 2;
export const AF_INET6 = 10;

export const SOCK_STREAM = 1;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const IPPROTO_IP = 0;
export const IP_TTL = 2;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const IPPROTO_IPV6 = 41;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_V6ONLY = 26;

export const SHUT_WR = 1;

export const MSG_PEEK = 2;

export const EINTR = 4;
export const EAGAIN = 11;
export const EINPROGRESS = 115;
export const ENOTCONN = 107;
