// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The program: options, socket, framing, signals.
#include <chrono>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.hpp"
#include "stream.hpp"

namespace vmguest::hgfs {
namespace {

constexpr int patience_ms = 10000;

/// The program with its stderr in a file.
class Program {
public:
    Program(const std::vector<std::string>& arguments, const std::string& log) {
        std::vector<char*> argv{const_cast<char*>(HGFS_SERVER)};
        for (const std::string& argument : arguments)
            argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            dup2(file, STDERR_FILENO);
            dup2(file, STDOUT_FILENO);
            execv(argv[0], argv.data());
            _exit(127);
        }
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
    }

    void signal(int number) const { kill(pid_, number); }

    /// The exit status, -1 if it was a signal.
    int wait() {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t pid_;
};

/// A connection to the program.
class Line {
public:
    explicit Line(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
        while (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address)) {
            if (std::chrono::steady_clock::now() > end) {
                ADD_FAILURE() << "nobody listens to " << path;
                return;
            }
            poll(nullptr, 0, 1);
        }
    }

    void send(const Packet& packet) const {
        Packet stream;
        append_frame(stream, packet);
        send_raw(stream);
    }
    void send_raw(const Packet& bytes) const {
        EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  ssize_t(bytes.size()));
    }

    /// The next packet; nothing if the server has closed the connection.
    std::optional<Packet> receive() {
        for (;;) {
            if (auto packet = reader_.next())
                return packet;
            pollfd event{.fd = socket_.get(), .events = POLLIN, .revents = 0};
            if (poll(&event, 1, patience_ms) != 1) {
                ADD_FAILURE() << "no answer";
                return std::nullopt;
            }
            std::byte buffer[4096];
            const ssize_t length = recv(socket_.get(), buffer, sizeof buffer, 0);
            if (length <= 0)
                return std::nullopt;
            reader_.feed(Bytes(buffer).first(std::size_t(length)));
        }
    }

    Packet ask(const Packet& packet) {
        send(packet);
        return receive().value_or(Packet());
    }

private:
    Descriptor socket_;
    FrameReader reader_{1U << 20};
};

class Server : public testing::Test {
protected:
    Server() {
        std::filesystem::create_directory(folder_ / "share");
        folder_.write("share/f", "hello");
    }

    std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all{"--socket", socket_, "--share", "root=" + folder_ / "share"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    std::string log() const { return folder_.read("log"); }

    int run(const std::vector<std::string>& given) {
        Program program(given, folder_ / "log");
        return program.wait();
    }

    static Packet getattr(const std::string& name) {
        return Builder().d(1).d(31).q(0).q(0).name_3(on_wire(name)).bytes;
    }

    Folder folder_;
    std::string socket_ = folder_ / "socket";
};

TEST_F(Server, ServesClientsUntilItIsTerminated) {
    Program program(arguments(), folder_ / "log");
    Line line(socket_), other(socket_);
    EXPECT_EQ(line.ask(getattr("root/f")).size(), 137U);
    EXPECT_EQ(other.ask(getattr("root/x")), Builder().d(1).d(1).bytes);
    struct stat found {};
    ASSERT_EQ(stat(socket_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0);
    EXPECT_FALSE(folder_.has("socket"));
    EXPECT_EQ(log(), "");
}

TEST_F(Server, AnswersInOrderHoweverTheBytesArrive) {
    const Program program(arguments(), folder_ / "log");
    Line line(socket_);
    Packet stream;
    for (int i = 0; i < 100; ++i)
        append_frame(stream, i % 2 ? getattr("root/f") : getattr("root/x"));
    for (std::size_t at = 0; at < stream.size(); at += 7)
        line.send_raw(Packet(stream.begin() + std::ptrdiff_t(at),
                             stream.begin() + std::ptrdiff_t(std::min(at + 7, stream.size()))));
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(line.receive().value_or(Packet()).size(), i % 2 ? 137U : 8U);
}

TEST_F(Server, AnswersNothingWithAnEmptyPacket) {
    const Program program(arguments(), folder_ / "log");
    Line line(socket_);
    line.send(Packet(3));
    EXPECT_EQ(line.receive(), Packet());
    EXPECT_EQ(line.ask(getattr("root/f")).size(), 137U);
}

TEST_F(Server, ClosesAfterALengthBeyondTheLimit) {
    const Program program(arguments({"--max-packet", "6144"}), folder_ / "log");
    Line line(socket_), other(socket_);
    line.send_raw(Builder().d(6145).bytes);
    EXPECT_EQ(line.receive(), std::nullopt);
    EXPECT_EQ(other.ask(getattr("root/f")).size(), 137U);
}

TEST_F(Server, SwitchesSharingOffAndOn) {
    const Program program(arguments(), folder_ / "log");
    Line line(socket_);
    EXPECT_EQ(line.ask(getattr("root/f")).size(), 137U);
    const auto wait_for = [&](std::size_t size) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
        while (line.ask(getattr("root/f")).size() != size)
            if (std::chrono::steady_clock::now() > end)
                return false;
        return true;
    };
    program.signal(SIGUSR1);
    EXPECT_TRUE(wait_for(0));
    program.signal(SIGUSR2);
    EXPECT_TRUE(wait_for(137));
}

TEST_F(Server, PushesWhatIsWatched) {
    const Program program(arguments({"--push"}), folder_ / "log");
    Line line(socket_);
    Builder create;
    create.b(1).zeros(3).d(0xff).d(76).d(52).d(1).d(41).d(0).d(1).d(0).q(~u64{0}).q(0).zeros(24);
    const Packet created = line.ask(create.bytes);
    const u64 session = number_at(created, 52, 8);
    Builder watch;
    watch.b(1).zeros(3).d(0xff).d(52 + 41).d(52).d(2).d(45).d(0).d(1).d(0).q(session).q(0);
    watch.q(1U << 11).d(0).q(0).name_3("root");
    EXPECT_EQ(number_at(line.ask(watch.bytes), 24, 4), 0U);
    folder_.write("share/new", "");
    const auto push = line.receive();
    ASSERT_TRUE(push);
    EXPECT_EQ(number_at(*push, 20, 4), 47U);
    EXPECT_EQ(text_at(*push, 52 + 48, 8), on_wire("root/new"));
}

TEST_F(Server, ShutsOutMoreClientsThanAllowed) {
    const Program program(arguments({"--clients", "1"}), folder_ / "log");
    Line line(socket_);
    EXPECT_EQ(line.ask(getattr("root/f")).size(), 137U);
    Line other(socket_);
    EXPECT_EQ(other.receive(), std::nullopt);
}

TEST_F(Server, HonoursReadOnlyShares) {
    const Program program({"--socket", socket_, "--share", "root=" + folder_ / "share" + ",ro"},
                          folder_ / "log");
    Line line(socket_);
    const Packet remove = Builder().d(1).d(34).q(0).q(0).name_3(on_wire("root/f")).bytes;
    EXPECT_EQ(line.ask(remove), Builder().d(1).d(8).bytes);
    EXPECT_TRUE(folder_.has("share/f"));
}

TEST_F(Server, TakesOverAnAbandonedSocketAndNoOther) {
    {
        Program first(arguments(), folder_ / "log");
        const Line line(socket_);
        EXPECT_EQ(run(arguments()), 1) << "it is in use";
        first.signal(SIGKILL);
        first.wait();
    }
    EXPECT_TRUE(folder_.has("socket"));
    const Program second(arguments(), folder_ / "log");
    Line line(socket_);
    EXPECT_EQ(line.ask(getattr("root/f")).size(), 137U);
}

TEST_F(Server, ExplainsWrongOptions) {
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({"--socket", socket_}), 2);
    EXPECT_EQ(run(arguments({"--nonsense"})), 2);
    EXPECT_EQ(run(arguments({"surplus"})), 2);
    EXPECT_EQ(run(arguments({"--share", "x"})), 2);
    EXPECT_EQ(run(arguments({"--max-packet", "100"})), 2);
    EXPECT_EQ(run(arguments({"--clients", "many"})), 2);
    EXPECT_NE(log().find("hgfs-server --help"), std::string::npos);
    EXPECT_EQ(run(arguments({"--share", "x=" + folder_ / "absent"})), 1);
    EXPECT_EQ(run(arguments({"--share", "root=" + folder_.path()})), 1);
    EXPECT_EQ(run({"--socket", folder_ / "no/socket", "--share", "x=" + folder_.path()}), 1);
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_NE(log().find("usage:"), std::string::npos);
}

} // namespace
} // namespace vmguest::hgfs
