using System.Linq;

namespace Fathom.Fuzzing.Writing;

/// <content>
/// Statements about what is a variable, what is a copy, and how wide a number stays. They are written from random numbers of their own, so
/// that a seed of eng/fuzz/mutations.tsv keeps the rest of its source.
/// </content>
internal sealed partial class RandomMethod
{
    private const string SubprogramMark = "[Fathom.Bpf.BpfSubprogram] ";

    private static readonly string[] s_narrow = ["sbyte", "byte", "short", "ushort"];

    private readonly string _passedType;
    private readonly string _globalType;
    private readonly string _counterType;

    private bool MoreChance(int percent) => _more.Next(100) < percent;

    private string MorePick(string[] from) => from[_more.Next(from.Length)];

    private (System.Text.RegularExpressions.Regex Use, string Text)[] MoreTypes()
    {
        string number = _counterType, other = MorePick(s_types), enumType = MorePick(s_narrow), passed = _passedType;
        return
        [
            (Uses("N"), "public enum N : " + enumType + " { None, One, High = " + s_boundaries[enumType][^1] + " }"),
            (Uses("K"), "public interface IK { long Next(); }"),
            (Uses("K"), "public struct K : IK { public " + number + " N0; public " + other + " N1; "
                + "public long Next() { N0 = (" + number + ")(N0 + (" + number + ")" + MorePick(s_boundaries[number][2..]) + "); N1 ^= (" + other + ")N0; return (long)N0; } "
                + "public long Look { get { N1++; return (long)N1; } } public readonly long Peek() => Next() + (long)N0; public readonly long Sum => (long)N0 * 3 + (long)N1; }"),
            (Uses("KA"), "[System.Runtime.CompilerServices.InlineArray(3)] public struct KA { private K _first; }"),
            (Uses("R"), "public struct R { public readonly K Kept; public K Auto { get; set; } public K Free; public R(K k) { Kept = k; Kept.Next(); Auto = k; Free = k; } "
                + "public long Both() => Kept.Next() * 3 + Auto.Next() * 5 + Free.Next(); public readonly long Look() => Free.Next() + Auto.Look * 3 + Kept.Peek(); }"),
            (Uses("InK"), "public static long InK(in K k, ref K same) { long r = k.Next() + k.Look * 3; same.Next(); return r * 7 + k.Sum + k.Peek(); }"),
            (Uses("GenK"), "public static long GenK<T>(in T k) where T : struct, IK => k.Next() + k.Next() * 3;"),
            (Uses("Clear"), "public static long Clear(in K k, ref R r) { r = default; return k.Sum; }"),
            (Uses("Gen"), "public static T Gen<T>(T x, T y, int n) where T : System.Numerics.IBinaryInteger<T> " + MorePick(
                [
                    "=> ((x << n) ^ (y >>> (n + 1))) + (x >> 3);", "=> (x * y - (x >> n)) >>> 2;", "=> (~x << 1) | (y >>> n);",
                    "{ x <<= n; x += y; x >>>= 3; return x - y; }", "{ T z = x; z++; z >>= n; z ^= -y; return z << 7; }",
                ])),
            (Uses("SubRef|PassRef"), SubprogramMark + "public static int SubRef(ref " + passed + " x, ulong by) { x = (" + passed + ")(x + (" + passed + ")by); return (int)x; }"),
            (Uses("SubOut|PassOut"), SubprogramMark + "public static int SubOut(out " + passed + " x, ulong by) { x = (" + passed + ")(by >> 3); return (int)by; }"),
            (Uses("PassRef"), "public static int PassRef(ref " + passed + " x, ulong by) { int r = SubRef(ref x, by); x++; return r + (int)x; }"),
            (Uses("PassOut"), "public static int PassOut(ulong by, out " + passed + " x) { int r = SubOut(out x, by); x--; return r + (int)x; }"),
            (Uses("PassSpan"), "public static int PassSpan(ref " + passed + " x) { System.Span<" + passed + "> s = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref x, 1); s[0]++; return (int)s[0]; }"),
            (Uses("Global"), "public static " + _globalType + " Global;"),
        ];
    }

    /// <summary>One of these statements, with what it needs, in braces.</summary>
    private void More(int percent)
    {
        if (_isLoopBody || !MoreChance(percent))
        {
            return;
        }

        var (random, budget) = (_random, _budget);
        (_random, _budget) = (_more, 6);
        Braces(() =>
        {
            switch (_random.Next(8))
            {
                case 0:
                    Counter("k");
                    Keep(Chance(50) ? "InK(in k, ref k) + k.Sum" : "GenK(in k) * 31 + InK(k, ref k) + k.Peek() * 7 + k.Sum");
                    break;
                case 1:
                    Holder();
                    break;
                case 2:
                    Counter("k");
                    Line("ref " + _counterType + " inside = ref k.N0;");
                    Line("ref readonly K same = ref k;");
                    Line("k = new K { N0 = " + To(_counterType, 1) + ", N1 = default };");
                    Line("k = new K { N0 = (" + _counterType + ")(inside + inside), N1 = k.N1 };");
                    Keep("same.Next() + same.Look * 3 + (long)inside * 5 + k.Sum");
                    break;
                case 3:
                    Counters();
                    break;
                case 4:
                    Line("N e = (N)" + Closed(Expression(1)) + ", h = (N)" + Closed(Expression(1)) + ";");
                    Line(Pick<string>(["e += 100;", "e -= 7;", "h = e + 3;", "h = 2 + e; h--;", "e = (N)(e - h); e++;", "h = h - 1; e = ~h;"]));
                    Keep("(long)(e - h) * 31 + (long)(e + 1) * 3 + (e > h ? 1 : 0) + (long)(N.High - e)");
                    break;
                case 5:
                    string type = Chance(70) ? Pick(s_narrow) : AnyType();
                    Keep("(long)Gen((" + type + ")" + Closed(Expression(1)) + ", (" + type + ")" + Closed(Expression(1)) + ", (int)" + Closed(Expression(1)) + ")");
                    break;
                case 6:
                    Passed();
                    break;
                default:
                    string atomic = "System.Threading.Interlocked.", of = "(" + _globalType + ")";
                    Line("Global = " + of + Closed(Expression(1)) + ";");
                    Line(Pick<string>(["", "long seen = (long)"]) is { Length: > 0 } seen
                        ? seen + atomic + Pick<string>(["Add", "Exchange", "And", "Or"]) + "(ref Global, " + of + Closed(Expression(1)) + "); Global ^= " + of + "seen;"
                        : atomic + Pick<string>(["Add", "And", "Or", "Exchange"]) + "(ref Global, " + of + Closed(Expression(1)) + ");");
                    Keep("(long)Global");
                    Line("Global += " + of + "3; " + atomic + Pick<string>(["Increment", "Decrement"]) + "(ref Global);");
                    Keep("(long)Global");
                    break;
            }
        });
        (_random, _budget) = (random, budget);
    }

    /// <summary>Puts a number where the rest of the method finds it.</summary>
    private void Keep(string number)
    {
        Place target = Target();
        Assign(target, "(" + target.Type + ")(" + number + ")");
    }

    private void Counter(string name) => Line("K " + name + " = new K { N0 = " + To(_counterType, 1) + " };");

    private void Holder()
    {
        Counter("k");
        Line("R r = new R(k);");
        Line("r.Free.Next(); r.Auto.Next(); r.Kept.Next();");
        Keep(Pick<string>(
        [
            "r.Both() + r.Look() * 7 + r.Kept.Sum * 31 + r.Auto.Sum + r.Free.Sum",
            "r.Auto.Peek() + r.Auto.Look * 3 + r.Kept.Look * 5 + r.Look() + r.Free.Look * 11 + r.Both()",
            "r.Both() + Clear(r.Auto, ref r) * 31 + r.Free.Sum",
            "InK(r.Auto, ref r.Free) + InK(r.Free, ref r.Free) * 3 + InK(in r.Kept, ref k) * 7 + r.Both() + k.Sum",
        ]));
    }

    /// <summary>Loops over structs, as values and as variables.</summary>
    private void Counters()
    {
        if (_loops >= 2)
        {
            Counter("k");
            Keep("k.Peek() + k.Sum");
            return;
        }

        string all = Chance(50) ? "KA all = default;" : "System.Span<K> all = stackalloc K[3];";
        Line(all);
        Line("all[1].N0 = " + To(_counterType, 1) + "; long sum = all[1].Next();");
        if (Chance(50) && all[0] == 'S')
        {
            Line("foreach (ref readonly K each in all) { sum = sum * 31 + each.Next() + each.Sum; }");
        }

        Line("foreach (" + (all[0] == 'S' && Chance(40) ? "ref " : "") + "K each in all) { sum = sum * 31 + each.Next() + each.Look * 3 + each.Sum; }");
        Keep("sum + all[1].Sum + all[2].Peek()");
    }

    /// <summary>A reference through an inlined method to a subprogram, or to where the method takes its address.</summary>
    private void Passed()
    {
        string[] fitting = [.. _variables.Where(v => v.Type == _passedType && !v.IsInput && !v.IsProperty).Select(v => v.Name)];
        if (fitting.Length == 0 || Chance(30))
        {
            Line(_passedType + " passed = " + Literal(_passedType) + ";");
            fitting = ["passed"];
        }

        string name = Pick(fitting);
        Keep(Pick<string>(
        [
            "PassRef(ref " + name + ", (ulong)" + Closed(Expression(1)) + ") * 31L + (long)" + name,
            "PassOut((ulong)" + Closed(Expression(1)) + ", out " + name + ") * 31L + (long)" + name,
            "PassSpan(ref " + name + ") * 31L + (long)" + name,
        ]));
    }
}
