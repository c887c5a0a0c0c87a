using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

public sealed class BudgetWatchTests
{
    private readonly List<ProgramCost> _cost = [];

    [Fact]
    public void The_share_is_that_of_the_last_window()
    {
        var watch = new BudgetWatch(() => _cost, 0.1, cpus: 2);

        // Of two CPUs 10 % are 20 ms of each tenth of a second.
        Assert.Null(Find(watch, 50, 40));
        Assert.Contains("took about 20 % of this machine's processor time, more than its budget of 10 %: ", Find(watch, 100, 40), StringComparison.Ordinal);
        Assert.Null(Find(watch, 200, 60));
        Assert.Contains("took about 15 %", Find(watch, 400, 120), StringComparison.Ordinal);

        // What counted was loaded anew, and begins at nothing.
        Assert.Null(Find(watch, 500, 10));
        Assert.Contains("took about 50 %", Find(watch, 600, 110), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_there_before_does_not_count()
    {
        _cost.Add(new("early", 1, 1e9));
        Assert.Null(new BudgetWatch(() => _cost, 0.1, 2).FindExcess(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public void Without_a_budget_or_a_measurement_there_is_no_end()
    {
        Assert.Null(new BudgetWatch(() => _cost, null, 2).Pace);
        Assert.Null(Find(new BudgetWatch(() => _cost, null, 2), 100, 1000));
        Assert.Null(new BudgetWatch(static () => null, 0.1, 2).Pace);
        Assert.Null(new BudgetWatch(static () => null, 0.1, 2).Record(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void The_record_has_all_of_it()
    {
        _cost.AddRange([new("a", 1000, 50), new("b", 3000, 10)]);
        CostRecord record = new BudgetWatch(() => _cost, null, 4).Record(TimeSpan.FromMilliseconds(1))!;
        Assert.Equal((4000UL, 80_000.0, 0.02), (record.Runs, record.Nanoseconds, record.Share));
    }

    private string? Find(BudgetWatch watch, int milliseconds, double processorMilliseconds)
    {
        _cost.Clear();
        _cost.Add(new("all", 1, processorMilliseconds * 1e6));
        return watch.FindExcess(TimeSpan.FromMilliseconds(milliseconds));
    }
}
