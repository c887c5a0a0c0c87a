namespace Fathom.FileFuzzing;

/// <summary>Numbers that are the same in each run, on every machine (SplitMix64: https://prng.di.unimi.it/splitmix64.c).</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9e3779b97f4a7c15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to below a bound; 0 if the bound is.</summary>
    public int Below(int bound) => bound <= 1 ? 0 : (int)(Next() % (uint)bound);

    public bool OneIn(int times) => Below(times) == 0;
}
