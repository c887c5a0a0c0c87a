using System;
using System.IO;
using Fathom.Format.Btf;
using Xunit;

namespace Fathom.Format.Tests.Btf;

public class BtfSanitizerTests
{
    private static readonly byte[] Original = Build();

    [Fact]
    public void Nothing_changes_for_a_kernel_that_accepts_everything()
    {
        BtfData btf = BtfData.Parse(Original);
        Assert.Equal(btf.Bytes, BtfSanitizer.Sanitize(btf, BtfKernelSupport.All));
    }

    // Of the replaced types only: their lines in the text of the result.
    [Theory]
    [InlineData(nameof(BtfKernelSupport.DataSections), "[5] INT 'counter' size=1 bits_offset=0 nr_bits=8 encoding=(none)", "[6] STRUCT '_bss' size=16 vlen=1", "\t'counter' type_id=5 bits_offset=64")]
    [InlineData(nameof(BtfKernelSupport.GlobalFunctions), "[4] FUNC 'main' type_id=3 linkage=static")]
    [InlineData(nameof(BtfKernelSupport.Floats), "[2] STRUCT '(anon)' size=8 vlen=0")]
    [InlineData(nameof(BtfKernelSupport.DeclarationTags), "[7] INT 'hot' size=1 bits_offset=0 nr_bits=8 encoding=(none)")]
    [InlineData(nameof(BtfKernelSupport.TypeTags), "[8] CONST '(anon)' type_id=1")]
    [InlineData(nameof(BtfKernelSupport.Enum64), "[9] ENUM 'small' encoding=UNSIGNED size=4 vlen=1", "\t'MINUS' val=4294967295", "[10] UNION 'wide' size=8 vlen=2", "\t'ONE' type_id=11 bits_offset=0", "\t'TWO' type_id=11 bits_offset=0", "[11] INT '(anon)' size=1 bits_offset=0 nr_bits=8 encoding=(none)")]
    public void What_is_unknown_is_replaced_and_the_rest_stays(string missing, params string[] replaced)
    {
        string[] before = Lines(BtfData.Parse(Original));
        BtfKernelSupport all = BtfKernelSupport.All;
        string[] after = Lines(BtfData.Parse(BtfSanitizer.Sanitize(BtfData.Parse(Original), Without(all, missing))));

        string[] changed = Array.FindAll(after, line => Array.IndexOf(before, line) < 0);
        Assert.Equal(Array.FindAll(replaced, line => Array.IndexOf(before, line) < 0), changed);
    }

    [Fact]
    public void For_a_kernel_that_accepts_nothing_ids_and_sizes_stay()
    {
        BtfData before = BtfData.Parse(Original);
        BtfData after = BtfData.Parse(BtfSanitizer.Sanitize(before, default));
        for (int id = 1; id < before.TypeCount; id++)
        {
            if (before.GetType(id).Kind is not (BtfKind.Variable or BtfKind.DeclarationTag))
            {
                Assert.Equal(before.SizeOf(id), after.SizeOf(id));
            }

            Assert.True(after.GetType(id).Kind is BtfKind.Int or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Const
                or BtfKind.Function or BtfKind.FunctionPrototype);
        }
    }

    private static BtfKernelSupport Without(BtfKernelSupport all, string missing) => missing switch
    {
        nameof(BtfKernelSupport.DataSections) => all with { DataSections = false },
        nameof(BtfKernelSupport.GlobalFunctions) => all with { GlobalFunctions = false },
        nameof(BtfKernelSupport.Floats) => all with { Floats = false },
        nameof(BtfKernelSupport.DeclarationTags) => all with { DeclarationTags = false },
        nameof(BtfKernelSupport.TypeTags) => all with { TypeTags = false },
        _ => all with { Enum64 = false },
    };

    private static byte[] Build()
    {
        var builder = new BtfBuilder();
        int number = builder.AddInt("int", 4, isSigned: true);
        builder.AddFloat("double", 8);
        int prototype = builder.AddFunctionPrototype(number, []);
        int function = builder.AddFunction("main", prototype, BtfLinkage.Global);
        int variable = builder.AddVariable("counter", number, BtfLinkage.Static);
        builder.AddDataSection(".bss", 16, [new BtfSectionVariable(variable, 8, 4)]);
        builder.AddDeclarationTag("hot", function, -1);
        builder.AddModifier(BtfKind.TypeTag, number, "user");
        builder.AddEnum("small", 4, isSigned: true, [new BtfEnumerator("MINUS", -1)]);
        builder.AddEnum("wide", 8, isSigned: false, [new BtfEnumerator("ONE", 1), new BtfEnumerator("TWO", 2)]);
        return builder.ToArray();
    }

    private static string[] Lines(BtfData btf)
    {
        var text = new StringWriter { NewLine = "\n" };
        BtfDumper.Write(btf, text);
        return text.ToString().Split('\n');
    }
}
