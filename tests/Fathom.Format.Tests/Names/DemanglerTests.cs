using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Fathom.Format.Names;
using Xunit;

namespace Fathom.Format.Tests.Names;

/// <summary>Names are read as c++filt reads them; hostile ones cost little and stay as they are.</summary>
public sealed class DemanglerTests
{
    private static List<(string Mangled, string Text)> Pairs { get; } = ReadPairs();

    [Fact]
    public void Names_are_written_as_in_the_source()
    {
        Assert.InRange(Pairs.Count, 400, 10_000);
        IEnumerable<string> wrong = Pairs
            .Where(static pair => Demangler.Demangle(pair.Mangled) != pair.Text)
            .Select(static pair => $"{pair.Mangled}: {Demangler.Demangle(pair.Mangled)} instead of {pair.Text}");
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("_Z3foov.constprop.0", "foo() [clone .constprop.0]")]
    [InlineData("_Z3foov.isra.0.cold", "foo() [clone .isra.0] [clone .cold]")]
    [InlineData("_Z3foov.part.12", "foo() [clone .part.12]")]
    [InlineData("_ZNSsC1Ev", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()")]
    [InlineData("_ZNSs4sizeEv", "std::string::size()")]
    [InlineData("_ZThn16_N1A1fEv", "non-virtual thunk to A::f()")]
    [InlineData("_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()")]
    [InlineData("_ZTch0_h16_N1A1fEv", "covariant return thunk to A::f()")]
    [InlineData("_ZTC1A0_1B", "construction vtable for B-in-A")]
    [InlineData("_ZGVZ1fvE1x", "guard variable for f()::x")]
    [InlineData("_ZTW1x", "TLS wrapper function for x")]
    [InlineData("_ZZ1fvEs_0", "f()::string literal")]
    [InlineData("_Z1fDF16_DF16b", "f(_Float16, std::bfloat16_t)")]
    [InlineData("_Z1fDB7_DU8_", "f(_BitInt(7), unsigned _BitInt(8))")]
    [InlineData("_ZN1AC2I1BEET_", "A::A<B>(B)")]
    [InlineData("_Z1fIJEEvDpT_", "void f<>()")]
    [InlineData("_Z1fIJidEEvDpPT_", "void f<int, double>(int*, double*)")]
    [InlineData("_Z1fIRiEvOT_", "void f<int&>(int&)")]
    [InlineData("_ZN3foo3bar17h05af221e174051e9E", "foo::bar")]
    [InlineData("_ZN3foo3bar17h05af221e174051e9E.llvm.123", "foo::bar")]
    [InlineData("_ZN52_$LT$$RF$mut$u20$T$u20$as$u20$core..fmt..Display$GT$3fmt17h05af221e174051e9E", "<&mut T as core::fmt::Display>::fmt")]
    [InlineData("_ZN3foo12h05af221e174E", "foo::h05af221e174")]
    [InlineData("_RNvC7mycrate3foo", "mycrate::foo")]
    [InlineData("_RNvCs1234_7mycrate3foo", "mycrate::foo")]
    [InlineData("_RNvMs_C7mycrateNtB4_3Foo3bar", "<mycrate::Foo>::bar")]
    [InlineData("_RINvC7mycrate3fooNtB2_3FoolE", "mycrate::foo::<mycrate::Foo, i32>")]
    [InlineData("_RINvC7mycrate3fooKj7b_E", "mycrate::foo::<123>")]
    [InlineData("_RINvC7mycrate3fooKln2a_E", "mycrate::foo::<-42>")]
    [InlineData("_RINvC7mycrate3fooKpE", "mycrate::foo::<_>")]
    [InlineData("_RINvC7mycrate3fooKRe616263_E", "mycrate::foo::<\"abc\">")]
    [InlineData("_RNvC7mycrateu8gdel_5qa", "mycrate::gödel")]
    [InlineData("_RNCNvC7mycrate3foos_0", "mycrate::foo::{closure#1}")]
    [InlineData("_RNvNvC7mycrate3foo3bar.cold", "mycrate::foo::bar.cold")]
    [InlineData("_RINvC7mycrate3fooL_E", "mycrate::foo::<'_>")]
    public void A_form_is_read(string name, string text) => Assert.Equal(text, Demangler.Demangle(name));

    [Theory]
    [InlineData("_ZN2ns3Foo3getIiEEiPT_", "int ns::Foo::get<int>(int*)", "ns::Foo::get<int>")]
    [InlineData("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()", "(anonymous namespace)::foo")]
    [InlineData("_ZN1CclEi", "C::operator()(int)", "C::operator()")]
    [InlineData("_ZNK1CclEi", "C::operator()(int) const", "C::operator()")]
    [InlineData("_Znwm", "operator new(unsigned long)", "operator new")]
    [InlineData("_ZNK1C3fooEv", "C::foo() const", "C::foo")]
    [InlineData("_ZNO1C3fooEv", "C::foo() &&", "C::foo")]
    [InlineData("_ZNK1CcviEv", "C::operator int() const", "C::operator int")]
    [InlineData("_ZN1CC2Ev", "C::C()", "C::C")]
    [InlineData("_ZN1CD1Ev", "C::~C()", "C::~C")]
    [InlineData("_ZN1ClsEi", "C::operator<<(int)", "C::operator<<")]
    [InlineData("_Z1fIiEPFviET_", "void (*f<int>(int))(int)", "f<int>")]
    [InlineData("_ZN1AIFviEE1gEv", "A<void (int)>::g()", "A<void (int)>::g")]
    [InlineData("_ZZ1fiENKUliE_clEi", "f(int)::{lambda(int)#1}::operator()(int) const", "f(int)::{lambda(int)#1}::operator()")]
    [InlineData("_ZThn16_N1A1fEv", "non-virtual thunk to A::f()", "non-virtual thunk to A::f")]
    [InlineData("_ZTV1A", "vtable for A", "vtable for A")]
    [InlineData("_Z3foov.constprop.0", "foo() [clone .constprop.0]", "foo")]
    [InlineData("_Z3foov.isra.0.cold", "foo() [clone .isra.0] [clone .cold]", "foo [clone .isra.0] [clone .cold]")]
    [InlineData("_Z3foov.part.12", "foo() [clone .part.12]", "foo [clone .part.12]")]
    [InlineData("_ZN3foo3bar17h05af221e174051e9E", "foo::bar", "foo::bar")]
    [InlineData("_ZN42_$LT$fn$LP$i32$RP$$u20$as$u20$foo..Bar$GT$3bar17h05af221e174051e9E", "<fn(i32) as foo::Bar>::bar", "<fn(i32) as foo::Bar>::bar")]
    [InlineData("_RINvC7mycrate3fooNtB2_3FoolE", "mycrate::foo::<mycrate::Foo, i32>", "mycrate::foo::<mycrate::Foo, i32>")]
    [InlineData("main", "main", "main")]
    [InlineData("_Zfoo", "_Zfoo", "_Zfoo")]
    [InlineData("_Rfoo", "_Rfoo", "_Rfoo")]
    public void A_name_stands_alone(string name, string text, string alone)
    {
        Assert.Equal(text, Demangler.Demangle(name, out string plain));
        Assert.Equal(alone, plain);
    }

    [Fact]
    public void A_name_alone_is_part_of_its_text()
    {
        foreach ((string mangled, string text) in Pairs)
        {
            Assert.Equal(text, Demangler.Demangle(mangled, out string plain));
            Assert.True(text.Contains(plain, StringComparison.Ordinal) || text.Contains("[clone", StringComparison.Ordinal), $"{plain} in {text}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("main")]
    [InlineData("_")]
    [InlineData("_Z")]
    [InlineData("_R")]
    [InlineData("_Zfoo")]
    [InlineData("_Z3foov ")]
    [InlineData("_Z3foovv")]
    [InlineData("_Z9foov")]
    [InlineData("_Z99999999999foov")]
    [InlineData("_ZN3fooE3")]
    [InlineData("_ZS_")]
    [InlineData("_Z1fS_")]
    [InlineData("_Z1fT_")]
    [InlineData("_Z1fIiEvT0_")]
    [InlineData("_ZNE")]
    [InlineData("_ZNC1Ev")]
    [InlineData("_RB_")]
    [InlineData("_RNvB0_1a")]
    [InlineData("_RNvC1a")]
    [InlineData("_RNvC99999999999a1b")]
    [InlineData("_RINvC1a1bKc110000_E")]
    [InlineData("_ZN1AcvT_Ev")]
    public void What_is_no_name_stays(string name) => Assert.Same(name, Demangler.Demangle(name));

    [Fact]
    public void A_short_name_with_an_endless_text_stays()
    {
        // Each pair names the one before twice: 2^40 letters.
        StringBuilder name = new("_Z1f1AIiiE");
        for (int i = 1; i < 40; i++)
        {
            name.Append("S_IS").Append("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[Math.Max(0, i - 1) % 36]).Append("_S").Append("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[Math.Max(0, i - 1) % 36]).Append("_E");
        }

        AssertCheapAndSame(name.ToString());

        // And the same of nothing: empty packs have no text, but still have to be looked at.
        StringBuilder empty = new("_Z1fIJEEv");
        for (int i = 0; i < 60; i++)
        {
            empty.Append("1AIJ" + (i == 0 ? "Dp" : "S" + (i - 1 < 36 ? "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i - 1] : 'Z') + "_") + "T_T_EE");
        }

        AssertCheap(empty.ToString());
    }

    [Theory]
    [InlineData("_Z1f", "P", "i")]
    [InlineData("_Z1f", "PF", "i")]
    [InlineData("_Z1f", "1AI", "i")]
    [InlineData("_Z1f", "N1A1BIN1C1DI", "i")]
    [InlineData("_Z1fIXadL_Z", "1fIXadL_Z", "1x")]
    [InlineData("_ZN1Acv", "T_I", "i")]
    [InlineData("_Z1fIXps", "ng", "Li1E")]
    [InlineData("_Z", "Z1fvE", "1x")]
    [InlineData("_Z1fDT", "clcl", "E")]
    [InlineData("_RINvC1a1b", "R", "i")]
    [InlineData("_RNv", "Nv", "C1a")]
    [InlineData("_RINvC1a1b", "INvC1a1b", "i")]
    [InlineData("_ZN", "1a", "17h05af221e174051e9E")]
    public void Depth_is_bounded(string start, string step, string end)
    {
        // A thread with little room.
        Exception? problem = null;
        Thread thread = new(
            () => problem = Record.Exception(() =>
            {
                foreach (int count in (int[])[10, 100, 1_000, 10_000])
                {
                    AssertCheap(start + string.Concat(Enumerable.Repeat(step, count)) + end);
                }
            }),
            1 << 20);
        thread.Start();
        thread.Join();
        Assert.Null(problem);
    }

    [Fact]
    public void References_in_circles_end()
    {
        AssertCheap("_RNvB_1a");
        AssertCheap("_RINvC1aIB_B_E1bB_E");
        StringBuilder name = new("_RINvC1a1bTiiE");
        for (int i = 0; i < 60; i++)
        {
            name.Append("TB8_B8_E");
        }

        AssertCheap(name + "E");
    }

    [Fact]
    public void Damaged_names_never_throw_and_cost_little()
    {
        Random random = new(20);
        const string Letters = "_ZNKSITPRFEJLXDCUABvijcl0123456789ntpsrzBCMXYNIKsu.$h";
        for (int i = 0; i < 60_000; i++)
        {
            StringBuilder name = new(Pairs[random.Next(Pairs.Count)].Mangled);
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                int at = random.Next(2, name.Length);
                switch (random.Next(4))
                {
                    case 0:
                        name[at] = Letters[random.Next(Letters.Length)];
                        break;
                    case 1:
                        name.Remove(at, Math.Min(random.Next(1, 4), name.Length - at)).Append('E');
                        break;
                    case 2:
                        string other = Pairs[random.Next(Pairs.Count)].Mangled;
                        int start = random.Next(other.Length);
                        name.Insert(at, other.AsSpan(start, Math.Min(random.Next(1, 20), other.Length - start)));
                        break;
                    default:
                        name.Length = at;
                        name.Append('E');
                        break;
                }
            }

            AssertCheap(name.ToString());
        }
    }

    private static void AssertCheapAndSame(string name)
    {
        AssertCheap(name);
        Assert.Same(name, Demangler.Demangle(name));
    }

    private static void AssertCheap(string name)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string text = Demangler.Demangle(name);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(text.Length <= Math.Max(name.Length, Demangler.LongestText + 1024), name);
        Assert.True(allocated < 24_000_000, $"{allocated} bytes for {name}");
        Assert.Equal(text, Demangler.Demangle(name, out string plain));
        Assert.True(plain.Length <= Math.Max(name.Length, Demangler.LongestText + 1024), name);
    }

    private static List<(string Mangled, string Text)> ReadPairs()
    {
        using StreamReader reader = new(typeof(DemanglerTests).Assembly.GetManifestResourceStream("Names.pairs")!);
        List<(string, string)> pairs = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                int tab = line.IndexOf('\t');
                pairs.Add((line[..tab], line[(tab + 1)..]));
            }
        }

        return pairs;
    }
}
