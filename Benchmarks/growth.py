"""Every request with few users and with many."""

import os
import time

from conditions import USERS, say
from measure import BASE, Failed, summary
from world import World


class Growth:
    """Compares a thousand users with a million."""

    def grow(self):
        """Microseconds of every request with few users and with many."""
        few, many = 1000, USERS
        say(f"making {many:,} users, as many API keys, three times as many sessions")
        start = time.monotonic()
        worlds = [World(f"{self.folder}/few", few), World(f"{self.folder}/many", many)]
        size = os.path.getsize(f"{self.folder}/many/latchkey.db")
        say(f"made in {time.monotonic() - start:.0f} s, {size / 1e6:,.0f} MB")
        self.growth, self.reading, self.database_size = {}, [], size
        for pair in zip(*(world.cases() for world in worlds)):
            for world, case in zip(worlds, pair):
                world.restore()
                answer = world.home.run(case.executable, case.method, case.variables, case.body)
                if answer.status not in (200, 201, 202) and case.name != "not-found":
                    raise Failed(f"{case.name}: {answer.raw} {answer.log}")
            programs = [
                self.spawn.arguments({**BASE, **world.environment(case)}, case.path, case.body)
                for world, case in zip(worlds, pair)
            ]
            if not pair[0].writes:
                self.reading.append(pair[0].name)
                self.spawn.run(3, *programs)
                found = [self.spawn.run(10, *programs) for _ in range(9)]
            else:
                found = []
                for turn in range(122):
                    for world in worlds:
                        world.restore()
                    order = programs if turn % 2 else programs[::-1]
                    both = self.spawn.run(1, *order)
                    # In the first two nothing is in memory yet.
                    if turn > 1:
                        found.append(both if turn % 2 else both[::-1])
            few_times, many_times = ([turn[i][0] for turn in found] for i in (0, 1))
            self.growth[pair[0].name] = (
                summary(few_times),
                summary(many_times),
                summary([more / less for less, more in zip(few_times, many_times)])[0],
                self.least(found),
            )
        for world in worlds:
            world.restore()
            world.home.remove()

    @staticmethod
    def least(found):
        """The ratio of the shortest times: other work on the machine affects it least."""
        return min(turn[1][3] for turn in found) / min(turn[0][3] for turn in found)
