// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of the program labctl against a fake host at a unix socket.
#include <algorithm>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tree.hpp"

namespace vmguest::labctl {
namespace {

using nlohmann::json;

struct Outcome {
    int status;
    std::string out, err;
};

std::string drain(int descriptor) {
    std::string text;
    char bytes[4096];
    for (ssize_t size; (size = read(descriptor, bytes, sizeof bytes)) > 0;)
        text.append(bytes, static_cast<std::size_t>(size));
    close(descriptor);
    return text;
}

/// Run labctl; its output is small enough for the pipes to hold.
Outcome run(const std::vector<std::string>& words, const std::string& port,
            const std::string& root) {
    int out[2], err[2];
    if (pipe(out) != 0 || pipe(err) != 0)
        return {-1, "", "no pipe"};
    const pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 1);
        dup2(err[1], 2);
        close(out[0]);
        close(err[0]);
        setenv("LABCTL_PORT", port.c_str(), 1);
        setenv("LABCTL_ROOT", root.c_str(), 1);
        std::vector<char*> argv = {const_cast<char*>(LABCTL_PROGRAM)};
        for (const auto& word : words)
            argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        execv(LABCTL_PROGRAM, argv.data());
        _exit(125);
    }
    close(out[1]);
    close(err[1]);
    Outcome outcome = {-1, drain(out[0]), drain(err[0])};
    int status = 0;
    waitpid(child, &status, 0);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

class Program : public Tree {
protected:
    /// Answers one request with what `answer` makes of it; "" hangs up.
    class FakeHost {
    public:
        FakeHost(const std::string& path, std::function<std::string(const json&)> answer) {
            sockaddr_un address = {};
            address.sun_family = AF_UNIX;
            path.copy(address.sun_path, sizeof address.sun_path - 1);
            listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
            EXPECT_EQ(listen(listener_, 1), 0);
            request_ = std::async(std::launch::async, [this, answer] { return serve(answer); });
        }
        ~FakeHost() {
            if (request_.valid())
                request_.wait();
            close(listener_);
        }
        json request() { return request_.get(); }

    private:
        json serve(const std::function<std::string(const json&)>& answer) const {
            pollfd entry = {listener_, POLLIN, 0};
            if (poll(&entry, 1, 10'000) != 1)
                return "nobody came";
            const int link = accept(listener_, nullptr, nullptr);
            std::string line;
            for (char byte = 0; read(link, &byte, 1) == 1 && byte != '\n';)
                line += byte;
            const auto request = json::parse(line, nullptr, false);
            const auto reply = answer(request);
            for (std::size_t at = 0; at < reply.size(); at += 7) // in pieces
                if (write(link, reply.data() + at, std::min<std::size_t>(7, reply.size() - at)) < 0)
                    break;
            close(link);
            return request;
        }

        int listener_;
        std::future<json> request_;
    };

    Outcome run(const std::vector<std::string>& words) { return labctl::run(words, port_, root_); }

    const std::string port_ = root_ / "port";
};

std::string plain(int status, const std::string& out, const std::string& err) {
    return json{{"stdout", out}, {"stderr", err}, {"status", status}}.dump() + '\n';
}

TEST_F(Program, ForwardsWordsAndPrintsTheAnswer) {
    FakeHost host(port_, [](const json&) { return plain(7, "out\n", "err\n"); });
    const auto outcome = run({"net", "run", "iperf3", "--help", "a b", "--", "-x"});
    EXPECT_EQ(outcome.status, 7);
    EXPECT_EQ(outcome.out, "out\n");
    EXPECT_EQ(outcome.err, "err\n");
    EXPECT_EQ(host.request()["argv"], json({"net", "run", "iperf3", "--help", "a b", "--", "-x"}));
}

TEST_F(Program, SendsInterruptsAndModulesWithCounters) {
    put("proc/interrupts", " CPU0\n 11: 3 x\n");
    put("sys/bus/pci/devices/0000:00:10.0/driver/x", "");
    put("sys/bus/pci/devices/0000:00:10.0/irq", "11\n");
    put("sys/module/m/initstate", "live\n");
    put("sys/module/m/sections/.text", "0xffffffffc0001000\n");
    put("proc/kallsyms", "ffffffffc0001200 t f\t[m]\n");
    FakeHost host(port_,
                  [](const json&) { return plain(0, R"({"interrupts": {"eth0": 3}})", ""); });
    const auto outcome = run({"counters"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "interrupts\n  eth0      3\n");
    const auto request = host.request();
    EXPECT_EQ(request["argv"], json({"counters"}));
    EXPECT_EQ(request["modules"], json::parse(R"({"m": [[18446744072635813888, 4096]]})"));
    EXPECT_EQ(request["interrupts"], json::parse(R"({"0000:00:10.0": 3})"));
}

TEST_F(Program, PrintsCountersAsJsonIfAsked) {
    FakeHost host(port_, [](const json&) { return plain(0, R"({ "a" : 1 })", ""); });
    EXPECT_EQ(run({"counters", "--json"}).out, "{\"a\":1}\n");
    EXPECT_EQ(host.request()["argv"], json({"counters", "--json"}));
}

TEST_F(Program, SkipsTheAnswerToSomebodyElse) {
    FakeHost host(port_, [](const json& request) {
        auto reply = json{{"stdout", "mine"}, {"stderr", ""}, {"status", 0}};
        reply["id"] = request["id"];
        return R"({"stdout":"stale","stderr":"","status":9,"id":-1})"
               "\n" +
               reply.dump() + "\n";
    });
    const auto outcome = run({"x"});
    EXPECT_EQ(outcome.out, "mine");
    EXPECT_EQ(outcome.status, 0);
}

TEST_F(Program, SaysSoIfTheHostIsNotThere) {
    const auto outcome = run({"x"});
    EXPECT_EQ(outcome.status, 126);
    EXPECT_EQ(outcome.err, "labctl: cannot open '" + port_ + "': No such file or directory\n");
}

TEST_F(Program, SaysSoIfTheHostHangsUpOrTalksNonsense) {
    for (const std::string answer : {"", "nonsense\n", "[]\n", "{}\n", "{\"status\":0"}) {
        FakeHost host(port_, [&](const json&) { return answer; });
        const auto outcome = run({"x"});
        EXPECT_EQ(outcome.status, 126) << answer;
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
        unlink(port_.c_str());
    }
}

/// Whether this machine gives the ports away or not: there is no such program.
TEST_F(Program, SaysSoIfAProgramForThePortsCannotBeRun) {
    const auto outcome = run({"ioports", "/no/such/program", "--option"});
    EXPECT_EQ(outcome.status, 126);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST_F(Program, RefusesWrongUsage) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{}, {"--nonsense"}, {"counters", "--nonsense"}, {"ioports"}}) {
        const auto outcome = run(words);
        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }
    EXPECT_EQ(run({"--help"}).status, 0);
}

} // namespace
} // namespace vmguest::labctl
