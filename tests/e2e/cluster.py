"""cluster.py - the servers a, b and c of PostgreSQL, each on a machine of its own (machines.py), and what becomes of them.

The functions of tests/postgres.bash act on them by their Unix sockets, which no cut concerns; hubs reach them by the network
`back`, and they each other by `peers`. A commit waits for one of the two standbys. Without machines all go by Unix sockets."""
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NUMBERS = {"a": 21, "b": 22, "c": 23}
# Cuts are noticed soon.
SETTINGS = "wal_receiver_timeout=3s wal_sender_timeout=3s"


class Cluster:
    def __init__(self, machines, say, fail, fence):
        """FENCE: how many seconds an old primary that is cut off runs on beside the new one, at most."""
        self.machines, self.say, self.fail, self.fence = machines, say, fail, fence
        self.primary, self.standbys = "a", ["b", "c"]
        self.environment = {**os.environ, "BATS_TEST_DIRNAME": HERE}
        for name, number in NUMBERS.items():
            machines.add(name, number, ["back", "peers"])
            if not machines.why:
                self.environment[f"PG_NET_{name}"] = machines.namespace(name)
                self.environment[f"PG_PEER_{name}"] = machines.address("peers", number)
        self.bash(f"start_quorum {SETTINGS} && pg_make_log a")

    def log(self):
        """What hubs connect to."""
        if self.machines.why:
            return self.bash("pg_log_at a b c")
        hosts = ",".join(self.machines.address("back", n) for n in NUMBERS.values())
        return f"host={hosts} user=hub dbname=dnc_log"

    def bash(self, command, told=True):
        """What it starts stays."""
        if told:
            self.say(command)
        done = subprocess.run(["bash", "-c", f'source "{HERE}/../helper.bash"; {command}'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, env=self.environment, timeout=300)
        if done.returncode != 0:
            self.fail(f"{command} ended with {done.returncode}")
        return done.stdout.decode().strip()

    def sql(self, name, text):
        return self.bash(f"PG_DATABASE=dnc_log pg_sql {name} \"{text}\"", told=False)

    def promote(self):
        """The newest standby becomes the primary; returns which one was that."""
        old = self.primary
        self.primary = self.bash(f"promote_newest {' '.join(self.standbys)} && pg_quorum $PROMOTED && echo $PROMOTED")
        self.standbys = [old, next(name for name in self.standbys if name != self.primary)]
        return old

    def await_standbys(self):
        self.bash(" && ".join(f"wait_for pg_streams {name}" for name in self.standbys))

    def rejoin(self, name):
        """Its machine was lost, or what it had may have another end: all is copied from the primary."""
        self.bash(f"start_standby {name} {self.primary} a b c")
        self.await_standbys()

    def kill_primary(self, choice):
        self.bash(f"kill_postgres {self.primary}")
        time.sleep(choice.uniform(0, 0.3))
        self.rejoin(self.promote())

    def crash_primary(self, choice):
        """It comes back as what it was, before anybody has promoted another."""
        self.bash(f"kill_postgres {self.primary}")
        time.sleep(choice.uniform(0, 0.3))
        self.bash(f"restart_postgres {self.primary}")
        self.await_standbys()

    def kill_standby(self, choice):
        name = choice.choice(self.standbys)
        self.bash(f"kill_postgres {name}")
        time.sleep(choice.uniform(0, 0.5))
        self.bash(f"restart_postgres {name} && wait_for pg_streams {name}")

    def hang(self, choice):
        """As a machine whose processor stands still: the system beneath answers, the servers don't."""
        names = choice.choice([[self.primary], self.standbys])
        for name in names:
            self.bash(f"freeze_postgres {name}")
        time.sleep(choice.uniform(0.2, 2))
        for name in names:
            self.bash(f"thaw_postgres {name}")
        self.await_standbys()

    def cut_primary(self, choice):
        """From the standbys, and perhaps also from the hubs. Another is promoted while it runs on and takes what hubs send it,
        until somebody ends it: nobody may get an acknowledgement from it, or see what it has."""
        networks = choice.choice([["peers"], ["peers", "back"]])
        old = self.primary
        self.say(f"cut {old} from {networks}")
        self.machines.cut(old, *networks)
        self.promote()
        time.sleep(choice.uniform(0, self.fence))
        self.say(f"{old} is fenced")
        self.bash(f"kill_postgres {old}")
        self.machines.heal(old, *networks)
        self.rejoin(old)

    def cut_standbys(self, choice, count):
        """While both are away no commit is answered."""
        names = choice.sample(self.standbys, count)
        self.say(f"cut {names}")
        for name in names:
            self.machines.cut(name, "peers")
        time.sleep(choice.uniform(0.5, 5))
        for name in names:
            self.machines.heal(name, "peers")
        self.await_standbys()

    def same_everywhere(self):
        """Complains if one of the servers has other events than the primary."""
        end = self.sql(self.primary, "SELECT pg_current_wal_lsn()")
        digests = {}
        for name in (self.primary, *self.standbys):
            if name != self.primary:
                self.bash(f"replayed() {{ [ \"$(pg_sql {name} \"SELECT pg_last_wal_replay_lsn() >= '{end}'\")\" = t ]; }};"
                          " wait_for replayed")
            digests[name] = self.sql(name, "SELECT count(*), md5(string_agg(seq || ' ' || id || md5(event), ',' ORDER BY seq))"
                                           " FROM dnc.events")
        if len(set(digests.values())) != 1:
            self.fail(f"the servers differ: {digests}")
