/* load: opens WebSocket subscribers, publishes by HTTP, and counts what it costs the server.
 *
 *   load --port PORT --pid PID --key KEY [--connections N] [--messages M] [--window W] [--pipeline P] [--settle MS]
 *        [--namespace NAME --tokens FILE]
 *
 * Each connection authenticates and subscribes; it is set up when it has read three texts (connected, authenticated,
 * subscribed). With a namespace it speaks Socket.IO instead: it connects to NAME with its line of FILE as token, and is
 * set up when it has read the answers of Engine.IO and of the namespace; then everything is a broadcast. M notifications are published on one HTTP connection: at most P requests wait for their answers,
 * and at most W notifications are ahead of the slowest subscriber. One JSON object on stdout tells the figures; CPU
 * and memory are those of process PID. 0: every subscriber got everything.
 *
 * Build: cc -O2 -o load load.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SETUP_TEXTS = 3, SOCKET_IO_SETUP_TEXTS = 2, OPENING_AT_ONCE = 200, DEADLINE_SECONDS = 120, CHUNK = 1 << 18 };

struct subscriber {
    int fd;
    bool upgraded;
    unsigned texts;
    size_t kept; /* bytes of an incomplete frame or head */
    char *rest;
};

struct figures {
    double cpu_seconds, seconds;
    long resident_kb;
};

static struct {
    int port, pid, connections, messages, window, pipeline, settle_ms;
    const char *key, *namespace;
    char **tokens;
} wanted = {.connections = 1000, .messages = 0, .window = 4, .pipeline = 1, .settle_ms = 500};

static struct subscriber *subscribers;
static int poller, ready;
static uint64_t texts_seen;

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* What process PID has used so far. */
static struct figures measure(void) {
    struct figures f = {.seconds = now()};
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/stat", wanted.pid);
    FILE *file = fopen(path, "r");
    if (!file)
        fail(path);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    char *name_end = strrchr(text, ')');
    unsigned long user, system;
    long pages;
    if (!name_end || sscanf(name_end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
                                          "%*d %*u %*u %ld", &user, &system, &pages) != 3)
        fail("cannot read the process's figures");
    f.cpu_seconds = (double)(user + system) / sysconf(_SC_CLK_TCK);
    f.resident_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return f;
}

static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(wanted.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (void *)&to, sizeof to))
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void say(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            fail("send");
        if (n > 0)
            bytes += n, length -= n;
    }
}

static void watch(int fd, uint32_t name) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = name};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

/* A masked frame whose mask is zero. */
static size_t frame(char *out, int opcode, const char *payload, size_t length) {
    size_t at = 0;
    out[at++] = (char)(0x80 | opcode);
    out[at++] = (char)(0x80 | (length < 126 ? length : 126));
    if (length >= 126)
        out[at++] = (char)(length >> 8), out[at++] = (char)length;
    memset(out + at, 0, 4);
    memcpy(out + at + 4, payload, length);
    return at + 4 + length;
}

static void open_one(int index) {
    char head[256];
    struct subscriber *s = &subscribers[index];
    s->fd = dial();
    int n = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: bm90aWZ5ZC1iZW5jaC1rZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                     wanted.namespace ? "/socket.io/?EIO=4&transport=websocket" : "/", wanted.port);
    say(s->fd, head, n);
    watch(s->fd, index);
}

static void enter(struct subscriber *s) {
    char text[2048], out[2100];
    const char *name = wanted.namespace;
    int n = snprintf(text, sizeof text, "40/%s,{\"clientId\":\"%s\",\"token\":\"%s\"}", name, name + strlen("client-"),
                     wanted.tokens[s - subscribers]);
    say(s->fd, out, frame(out, 1, text, n));
}

static void introduce(struct subscriber *s) {
    if (wanted.namespace) {
        enter(s);
        return;
    }
    char text[512], out[1024];
    int n = snprintf(text, sizeof text, "{\"type\":\"authenticate\",\"apiKey\":\"%s\"}", wanted.key);
    size_t length = frame(out, 1, text, n);
    static const char subscribe[] = "{\"type\":\"subscribe\",\"channel\":\"bench\"}";
    length += frame(out + length, 1, subscribe, sizeof subscribe - 1);
    say(s->fd, out, length);
}

/* One whole frame at *p*, or 0 when more must arrive. */
static size_t take_frame(struct subscriber *s, const unsigned char *p, size_t left) {
    if (left < 2)
        return 0;
    size_t head = 2, length = p[1] & 127;
    if (length == 126) {
        if (left < 4)
            return 0;
        head = 4, length = p[2] << 8 | p[3];
    } else if (length == 127) {
        fprintf(stderr, "load: a frame of 64 KB or more was not asked for\n");
        exit(2);
    }
    if (left < head + length)
        return 0;
    int opcode = p[0] & 15;
    if (opcode == 1 && wanted.namespace && p[head] == '2') { /* Engine.IO's ping */
        char pong[16];
        say(s->fd, pong, frame(pong, 1, "3", 1));
    } else if (opcode == 1) {
        if (wanted.namespace && p[head] == '4' && p[head + 1] == '4') {
            fprintf(stderr, "load: the namespace refused: %.*s\n", (int)length, p + head);
            exit(1);
        }
        texts_seen++;
        if (++s->texts == (wanted.namespace ? SOCKET_IO_SETUP_TEXTS : SETUP_TEXTS))
            ready++;
    } else if (opcode == 9) {
        char pong[160];
        say(s->fd, pong, frame(pong, 10, (const char *)p + head, length));
    } else if (opcode == 8) {
        fprintf(stderr, "load: the server closed a connection: %d %.*s\n", p[head] << 8 | p[head + 1],
                (int)length - 2, p + head + 2);
        exit(1);
    }
    return head + length;
}

static size_t take_head(struct subscriber *s, const char *p, size_t left) {
    const char *end = memmem(p, left, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (strncmp(p, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: refused: %.*s\n", (int)left, p);
        exit(1);
    }
    s->upgraded = true;
    introduce(s);
    return end + 4 - p;
}

static void hear(struct subscriber *s) {
    static char buffer[2 * CHUNK];
    if (s->kept)
        memcpy(buffer, s->rest, s->kept);
    ssize_t n = recv(s->fd, buffer + s->kept, CHUNK, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        fprintf(stderr, "load: the server dropped a connection\n");
        exit(1);
    }
    size_t have = s->kept + n, at = 0, used;
    do {
        used = s->upgraded ? take_frame(s, (unsigned char *)buffer + at, have - at)
                           : take_head(s, buffer + at, have - at);
        at += used;
    } while (used && at < have);
    s->kept = have - at;
    if (s->kept) {
        s->rest = realloc(s->rest, s->kept);
        memcpy(s->rest, buffer + at, s->kept);
    }
}

/* Handle what has arrived; true when the publisher's connection is among it. */
static bool turn(int wait_ms) {
    struct epoll_event events[1024];
    bool publisher = false;
    int n = epoll_wait(poller, events, 1024, wait_ms);
    for (int i = 0; i < n; i++) {
        uint32_t name = events[i].data.u32;
        if (name == UINT32_MAX)
            publisher = true;
        else
            hear(&subscribers[name]);
    }
    return publisher;
}

static void set_up(void) {
    double deadline = now() + DEADLINE_SECONDS;
    for (int opened = 0; ready < wanted.connections; turn(100)) {
        while (opened < wanted.connections && opened - ready < OPENING_AT_ONCE)
            open_one(opened++);
        if (now() > deadline) {
            fprintf(stderr, "load: only %d of %d connections in time\n", ready, wanted.connections);
            exit(1);
        }
    }
}

static void settle(void) {
    for (double until = now() + wanted.settle_ms / 1000.0; now() < until;)
        turn(20);
}

/* Answers that are complete in the publisher's input. */
static int answers(int fd) {
    static char input[CHUNK];
    static size_t have;
    int count = 0;
    ssize_t n = recv(fd, input + have, sizeof input - 1 - have, 0);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        fail("the publisher's connection");
    have += n;
    input[have] = 0;
    for (char *end; (end = strstr(input, "\r\n\r\n")); count++) {
        char *field = strcasestr(input, "content-length:");
        size_t whole = end + 4 - input + (field && field < end ? strtoul(field + 15, NULL, 10) : 0);
        if (have < whole)
            break;
        if (input[9] != '2') {
            fprintf(stderr, "load: publishing was refused: %.*s\n", (int)whole, input);
            exit(1);
        }
        have -= whole;
        memmove(input, input + whole, have + 1);
    }
    return count;
}

static uint64_t publish_all(void) {
    char request[1024];
    /* the channel is a label where it is a broadcast */
    static const char body[] = "{\"channel\":\"bench\",\"data\":{\"title\":\"New message\",\"body\":\"You have a new notification\"}}";
    int length = snprintf(request, sizeof request,
                          "POST /api/notifications%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-API-Key: %s\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          wanted.namespace ? "/broadcast" : "", wanted.port, wanted.key, sizeof body - 1, body);
    int fd = dial(), waiting = 0, published = 0;
    uint64_t before = texts_seen, expected = (uint64_t)wanted.messages * wanted.connections;
    double deadline = now() + DEADLINE_SECONDS;
    watch(fd, UINT32_MAX);
    while (texts_seen - before < expected && now() < deadline) {
        uint64_t everywhere = (texts_seen - before) / wanted.connections;
        while (published < wanted.messages && waiting < wanted.pipeline &&
               published - everywhere < (uint64_t)wanted.window) {
            say(fd, request, length);
            published++, waiting++;
        }
        if (turn(100))
            waiting -= answers(fd);
    }
    close(fd);
    return texts_seen - before;
}

/* One line a connection. */
static char **lines_of(const char *path) {
    FILE *file = fopen(path, "r");
    char **lines = NULL;
    size_t count = 0, room = 0;
    if (!file)
        fail(path);
    for (;;) {
        lines = realloc(lines, (count + 1) * sizeof *lines);
        lines[count] = NULL;
        if (getline(&lines[count], (room = 0, &room), file) < 0)
            break;
        lines[count][strcspn(lines[count], "\n")] = 0;
        count++;
    }
    fclose(file);
    wanted.connections = count < (size_t)wanted.connections ? (int)count : wanted.connections;
    return lines;
}

static void parse(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'}, {"pid", 1, 0, 'i'}, {"key", 1, 0, 'k'}, {"connections", 1, 0, 'c'},
        {"messages", 1, 0, 'm'}, {"window", 1, 0, 'w'}, {"pipeline", 1, 0, 'l'}, {"settle", 1, 0, 's'},
        {"namespace", 1, 0, 'n'}, {"tokens", 1, 0, 't'}, {0},
    };
    const char *tokens = NULL;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int number = optarg ? atoi(optarg) : 0;
        switch (o) {
        case 'p': wanted.port = number; break;
        case 'i': wanted.pid = number; break;
        case 'k': wanted.key = optarg; break;
        case 'c': wanted.connections = number; break;
        case 'm': wanted.messages = number; break;
        case 'w': wanted.window = number; break;
        case 'l': wanted.pipeline = number; break;
        case 's': wanted.settle_ms = number; break;
        case 'n': wanted.namespace = optarg; break;
        case 't': tokens = optarg; break;
        default: exit(2);
        }
    }
    if (!wanted.port || !wanted.pid || !wanted.key || wanted.connections < 1) {
        fprintf(stderr, "load: --port, --pid and --key are needed\n");
        exit(2);
    }
    if (wanted.namespace && (!tokens || strncmp(wanted.namespace, "client-", 7))) {
        fprintf(stderr, "load: --namespace is client-ID and needs --tokens\n");
        exit(2);
    }
    if (tokens)
        wanted.tokens = lines_of(tokens);
}

int main(int argc, char **argv) {
    parse(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    subscribers = calloc(wanted.connections, sizeof *subscribers);
    poller = epoll_create1(0);
    struct figures start = measure();
    set_up();
    struct figures connected = measure();
    settle();
    struct figures idle = measure();
    uint64_t delivered = wanted.messages ? publish_all() : 0;
    struct figures end = measure();
    double setup_cpu = connected.cpu_seconds - start.cpu_seconds, cpu = end.cpu_seconds - idle.cpu_seconds;
    printf("{\"connections\":%d,\"setup_seconds\":%.3f,\"setups_per_cpu_second\":%.0f,\"kb_per_connection\":%.2f,"
           "\"delivered\":%llu,\"seconds\":%.3f,\"cpu_seconds\":%.2f,\"deliveries_per_cpu_second\":%.0f}\n",
           wanted.connections, connected.seconds - start.seconds, setup_cpu > 0 ? wanted.connections / setup_cpu : 0,
           (double)(idle.resident_kb - start.resident_kb) / wanted.connections, (unsigned long long)delivered,
           end.seconds - idle.seconds, cpu, cpu > 0 ? delivered / cpu : 0);
    return delivered == (uint64_t)wanted.messages * wanted.connections ? 0 : 1;
}
