/* least: the least work with which a server can fan out by WebSocket, as the yardstick of the benchmarks.
 *
 *   least PORT
 *
 * One thread, one write a subscriber of a frame made once. It reads no message, checks nothing, keeps nothing: whatever
 * a real server does comes on top. Each subscriber is greeted with the three texts that `load` waits for.
 *
 * Build: cc -O2 -o least least.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1 << 16, INPUT = 1 << 18 };

static int poller, subscriber_count, subscribers[MOST];
static bool subscribed[MOST];
static char input[INPUT + 1];
static size_t have;

static void say(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno != EAGAIN)
            return;
        if (n > 0)
            bytes += n, length -= n;
    }
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (void *)&at, sizeof at) || listen(fd, 4096)) {
        perror("least");
        exit(1);
    }
    return fd;
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int listener) {
    for (int fd, one = 1; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        subscribed[fd] = false;
        watch(fd);
    }
}

static void subscribe(int fd) {
    static const char greeting[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: cAlCvG5q1qk7qzSTgm9bqTzFHBw=\r\n\r\n\x81\x02{}\x81\x02{}\x81\x02{}";
    subscribed[fd] = true;
    subscribers[subscriber_count++] = fd;
    say(fd, greeting, sizeof greeting - 1);
}

static void fan_out(const char *body, size_t length) {
    static char text[INPUT + 512], frame[INPUT + 520];
    size_t n = snprintf(text, sizeof text,
                        "{\"type\":\"notification\",\"notification\":{\"id\":\"0123456789abcdef\",\"timestamp\":"
                        "\"2026-01-30T12:00:00.000Z\",\"sent\":%.*s}}", (int)length, body);
    size_t head = n < 126 ? 2 : 4;
    frame[0] = (char)0x81;
    frame[1] = (char)(n < 126 ? n : 126);
    if (n >= 126)
        frame[2] = (char)(n >> 8), frame[3] = (char)n;
    memcpy(frame + head, text, n);
    for (int i = 0; i < subscriber_count; i++)
        say(subscribers[i], frame, head + n);
}

/* The publisher's requests; there is one publisher. */
static void publish(int fd) {
    static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
    for (char *end; (end = strstr(input, "\r\n\r\n"));) {
        char *field = strcasestr(input, "content-length:");
        size_t length = field ? strtoul(field + 15, NULL, 10) : 0, whole = end + 4 - input + length;
        if (have < whole)
            return;
        say(fd, answer, sizeof answer - 1);
        fan_out(end + 4, length);
        have -= whole;
        memmove(input, input + whole, have + 1);
    }
}

static void forget(int fd) {
    for (int i = 0; subscribed[fd] && i < subscriber_count; i++)
        if (subscribers[i] == fd)
            subscribers[i] = subscribers[--subscriber_count];
    close(fd);
    have = 0;
}

static void hear(int fd) {
    static char ignored[INPUT];
    ssize_t n = subscribed[fd] ? read(fd, ignored, INPUT) : read(fd, input + have, INPUT - have);
    if (n <= 0) {
        forget(fd);
        return;
    }
    if (subscribed[fd])
        return;
    have += n;
    input[have] = 0;
    if (input[0] == 'P') {
        publish(fd);
    } else if (strstr(input, "\r\n\r\n")) {
        have = 0;
        subscribe(fd);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: least PORT\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = listen_on(atoi(argv[1]));
    poller = epoll_create1(0);
    watch(listener);
    for (struct epoll_event events[512];;) {
        int n = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_all(listener);
            else
                hear(events[i].data.fd);
        }
    }
}
