// SPDX-License-Identifier: GPL-2.0-only

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import zinc.SharedRegion;
import zinc.ZincException;

/** TAP, names, and the other process. */
final class Suite {
    static final int PAGE = 65536;
    static final long PATIENCE = 60_000;
    static final boolean IS_KMOD = "kmod".equals(System.getenv("ZINC_BACKEND"));

    private static final AtomicInteger NAMES = new AtomicInteger();

    private record Test(int number, String id, Body body) {
    }

    private final List<Test> tests = new ArrayList<>();

    /** A test, or a call that is to fail. */
    interface Body {
        void run() throws Exception;
    }

    /** Why a test cannot be run here. */
    static final class Skip extends Exception {
        private static final long serialVersionUID = 1;

        Skip(String why) {
            super(why);
        }
    }

    void add(int number, String id, Body body) {
        tests.add(new Test(number, id, body));
    }

    /** Runs them; the exit status. */
    int run() {
        int status = 0;
        System.out.println("TAP version 13\n1.." + tests.size());
        for (Test test : tests) {
            status |= passes(test) ? 0 : 1;
        }
        return status;
    }

    private static boolean passes(Test test) {
        String what = test.number + " " + test.id;
        try {
            test.body.run();
            System.out.println("ok " + what);
        } catch (Skip skip) {
            System.out.println("ok " + what + " # SKIP " + skip.getMessage());
        } catch (Exception | AssertionError | LinkageError failure) {
            System.out.println("# " + failure);
            for (StackTraceElement place : failure.getStackTrace()) {
                System.out.println("#   " + place);
            }
            System.out.println("not ok " + what);
            return false;
        }
        return true;
    }

    static void check(boolean right, Object... values) {
        if (!right) {
            throw new AssertionError("not so: " + List.of(values));
        }
    }

    /** It has to fail with this errno, and to say so of this region. */
    static void fails(int errno, String name, Body body) throws Exception {
        try {
            body.run();
        } catch (ZincException e) {
            check(e.errno() == errno, e.errno(), "instead of", errno);
            check(e.getMessage().contains(name), e.getMessage());
            return;
        }
        throw new AssertionError("it did not fail with errno " + errno);
    }

    static void fails(int errno, Body body) throws Exception {
        fails(errno, "", body);
    }

    static void throwsA(Class<? extends Exception> kind, Body body) throws Exception {
        try {
            body.run();
        } catch (Exception e) {
            check(kind.isInstance(e), e, "instead of", kind);
            return;
        }
        throw new AssertionError("it threw no " + kind);
    }

    /** A region that is closed says so. */
    static void isClosed(Body body) throws Exception {
        throwsA(IllegalStateException.class, body);
    }

    /** A name that nobody else has. */
    static String named() {
        return "zc" + ProcessHandle.current().pid() + "-java-" + NAMES.incrementAndGet();
    }

    static SharedRegion create(String name) throws IOException {
        return SharedRegion.create(name, PAGE);
    }

    /** Has the collector run, and what it found be cleaned up. */
    static void collect() throws InterruptedException {
        System.gc();
        Thread.sleep(20);
    }

    /** What the other process says, once it has ended. */
    static String peer(String... words) throws Exception {
        Peer peer = new Peer(words);
        String said = peer.out.readLine();
        peer.ends();
        return said;
    }

    /** The other process. */
    static final class Peer {
        private final Process process;
        private final BufferedReader out;

        private Peer(String... words) throws IOException {
            List<String> command = new ArrayList<>(List.of(System.getenv("ZINC_PEER")));
            command.addAll(List.of(words));
            process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            out = process.inputReader();
        }

        /** One that says when it is ready. */
        static Peer ready(String... words) throws IOException {
            Peer peer = new Peer(words);
            String said = peer.out.readLine();
            check("ready".equals(said), String.valueOf(said));
            return peer;
        }

        /** By itself, and all is well. */
        void ends() throws Exception {
            process.outputWriter().close();
            check(process.waitFor(PATIENCE, TimeUnit.MILLISECONDS), "the peer does not end");
            check(process.exitValue() == 0, "the peer's status", process.exitValue());
        }

        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }
    }
}
