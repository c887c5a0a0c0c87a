// One function for each thing that a C++ name can hold. The pairs in Names.pairs are made of it by Names.sh.
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace plain
{
    int data;
    void nothing() {}
    int builtin(bool, char, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long) { return 0; }
    int wide(long long, unsigned long long, __int128, unsigned __int128, float, double, long double, wchar_t, char16_t, char32_t, char8_t, ...) { return 0; }
    void pointers(int *, int **, const int *, int *const *, const volatile int *, int &, const int &, int &&, int *__restrict *) {}
    void functions(void (*)(int), int (*)(), void (&)(char), void (*(*)(int))(char), int (**)(long)) {}
    void arrays(int (*)[3], int (&)[4], const int (*)[5], int (*)[2][3]) {}
    void nulls(std::nullptr_t) {}
    void (*returns_function(int))(char) { return nullptr; }
    float _Complex complex(float _Complex x) { return x; }
    typedef int four __attribute__((vector_size(16)));
    four vectors(four x) { return x; }
}

namespace outer::inner
{
    struct Thing
    {
        Thing();
        explicit Thing(int);
        Thing(const Thing &);
        virtual ~Thing();
        virtual void method() const;
        void changing() volatile;
        void left() &;
        void right() const &&;
        static void fixed();
        struct Nested { void deep(Nested *); };
        enum Colour { Red, Green };
        Colour colour(Colour);
        int field;
        operator int() const;
        operator const char *();
        template <class T> operator std::vector<T>();
        template <class T> operator T *();
        Thing &operator=(const Thing &);
        Thing operator+(const Thing &) const;
        Thing operator-() const;
        Thing &operator++();
        Thing operator++(int);
        bool operator==(const Thing &) const;
        bool operator<(const Thing &) const;
        auto operator<=>(int) const -> int;
        Thing *operator->();
        int operator->*(int);
        int operator[](int);
        int operator()(int, char);
        bool operator!() const;
        Thing operator,(int);
        void *operator new(unsigned long);
        void *operator new[](unsigned long);
        void operator delete(void *);
        void operator delete[](void *);
    };

    Thing::Thing() {}
    Thing::Thing(int) {}
    Thing::Thing(const Thing &) {}
    Thing::~Thing() {}
    void Thing::method() const {}
    void Thing::changing() volatile {}
    void Thing::left() & {}
    void Thing::right() const && {}
    void Thing::fixed() {}
    void Thing::Nested::deep(Nested *) {}
    Thing::Colour Thing::colour(Colour c) { return c; }
    Thing::operator int() const { return 0; }
    Thing::operator const char *() { return ""; }
    template <class T> Thing::operator std::vector<T>() { return {}; }
    template <class T> Thing::operator T *() { return nullptr; }
    template Thing::operator std::vector<char>();
    template Thing::operator long *();
    Thing &Thing::operator=(const Thing &) { return *this; }
    Thing Thing::operator+(const Thing &) const { return *this; }
    Thing Thing::operator-() const { return *this; }
    Thing &Thing::operator++() { return *this; }
    Thing Thing::operator++(int) { return *this; }
    bool Thing::operator==(const Thing &) const { return true; }
    bool Thing::operator<(const Thing &) const { return true; }
    auto Thing::operator<=>(int) const -> int { return 0; }
    Thing *Thing::operator->() { return this; }
    int Thing::operator->*(int) { return 0; }
    int Thing::operator[](int) { return 0; }
    int Thing::operator()(int, char) { return 0; }
    bool Thing::operator!() const { return true; }
    Thing Thing::operator,(int) { return *this; }
    void *Thing::operator new(unsigned long n) { return ::operator new(n); }
    void *Thing::operator new[](unsigned long n) { return ::operator new[](n); }
    void Thing::operator delete(void *p) { ::operator delete(p); }
    void Thing::operator delete[](void *p) { ::operator delete[](p); }
    std::ostream &operator<<(std::ostream &o, const Thing &) { return o; }
    int operator""_metres(unsigned long long x) { return (int)x; }
    void members(int Thing::*, void (Thing::*)() const, void (Thing::*)(int) volatile, int (Thing::*const *)(char) &&) {}
    void standard(std::string, const std::vector<std::string> &, std::map<int, std::pair<std::string, long>> *, std::function<void(int)>, std::unique_ptr<int[]>) {}
    void same(Thing, Thing *, const Thing &, Thing::Nested, Thing::Nested *, std::vector<Thing>, std::vector<Thing *>) {}
}

struct Base1 { virtual void one(); virtual Base1 *clone(); virtual ~Base1(); };
struct Base2 { virtual void two(); virtual Base2 *copy(); virtual ~Base2(); };
struct Derived : Base1, virtual Base2 { void one() override; void two() override; Derived *clone() override; Derived *copy() override; ~Derived() override; };
void Base1::one() {}
Base1 *Base1::clone() { return this; }
Base1::~Base1() {}
void Base2::two() {}
Base2 *Base2::copy() { return this; }
Base2::~Base2() {}
void Derived::one() {}
void Derived::two() {}
Derived *Derived::clone() { return this; }
Derived *Derived::copy() { return this; }
Derived::~Derived() {}

namespace { __attribute__((used, noinline)) int hidden(int x) { return x; } struct Local { void f(); }; __attribute__((used, noinline)) void Local::f() {} }
__attribute__((used)) static int internal(long) { return 0; }

template <class T> T id(T x) { return x; }
template <class T, int N> int sized(T (&)[N]) { return N; }
template <class... T> int many(T... x) { return sizeof...(x); }
template <class... T> std::tuple<T *...> stars(const T &...) { return {}; }
template <template <class...> class C, class T> int held(C<T>) { return 0; }
template <auto V> int value() { return 0; }
template <class T> auto sum(T a, T b) -> decltype(a + b) { return a + b; }
template <class T> auto called(T f) -> decltype(f(1, 2)) { return f(1, 2); }
template <class T> typename T::value_type dependent(T) { return {}; }
template <class T> std::enable_if_t<sizeof(T) == 4, int> four(T) { return 4; }
template <class T> std::enable_if_t<!std::is_pointer<T>::value, int> no_pointer(T) { return 0; }
template <int N> std::array<char, N + 1> one_more() { return {}; }
template <class T> T &&forwarded(T &&x) { return (T &&)x; }
template <class T> void constant(const T &) {}
template <class T> struct Box { T x; Box(T); template <class U> U turn(U, T); static int count; ~Box(); };
template <class T> Box<T>::Box(T y) : x(y) {}
template <class T> Box<T>::~Box() {}
template <class T> template <class U> U Box<T>::turn(U u, T) { return u; }
template <class T> int Box<T>::count = 1;
template struct Box<int>;
template struct Box<Box<char *>>;
template long Box<int>::turn(long, int);
template <class T> int variable = sizeof(T);
template <class F> int run(F f) { return f(); }
template <class T> requires(sizeof(T) > 1) int constrained(T) { return 0; }
template <class... T> auto folded(T... x) -> decltype((x + ...)) { return (x + ...); }

enum class Kind { A, B };
template <Kind K> int by_kind() { return 0; }
template <int *P> int by_address() { return 0; }
template <void (*F)()> int by_function() { return 0; }
template <int outer::inner::Thing::*M> int by_member() { return 0; }
int target;
struct __attribute__((abi_tag("v2"))) Tagged { void f(); };
void Tagged::f() {}
__attribute__((abi_tag("one", "two"))) int tagged(Tagged) { return 0; }
void throws(void (*)() noexcept) {}
extern "C++" void c_function(void (*)(int)) {}

inline int local_static() { static int x = std::printf(""); struct In { int f() { static int y = std::printf("y"); return y; } }; return x + In().f(); }
inline auto lambda() { return [](int x) { return [x](auto y, const char *) { return x + (int)y; }; }; }
struct WithLambda { int (*member)(int) = [](int x) { return x + 1; }; };

int use()
{
    int numbers[7] = {};
    thread_local static std::string text = "x";
    static const std::string &reference = std::string("temporary");
    auto twice = [&](int x) { return x * 2 + numbers[0]; };
    WithLambda with;
    return id(1) + (int)id(2.0) + *id(&numbers[0]) + sized(numbers) + many() + many(1) + many(1, 'a', 2.0f, "s") + (int)sizeof(stars(1, 'c', 2L))
        + held(std::vector<int>()) + value<5>() + value<'x'>() + value<true>() + value<-3L>() + value<nullptr>() + value<7ULL>() + value<Kind::B>()
        + sum(1, 2) + called(std::plus<int>()) + dependent(std::vector<int>()) + four(1) + no_pointer(2) + (int)sizeof(one_more<4>())
        + forwarded(numbers[1]) + forwarded(3) + (constant("abc"), 1) + (constant(with), 2) + variable<long> + run([&] { return twice(2); }) + constrained(1) + folded(1, 2, 3)
        + by_kind<Kind::A>() + by_address<&target>() + by_function<&plain::nothing>() + by_member<&outer::inner::Thing::field>()
        + local_static() + lambda()(1)(2.0, "") + lambda()(3)('c', "") + with.member(1) + (int)text.size() + (int)reference.size() + hidden(1)
        + (int)id(std::function<int(const std::string &, void (*)(int))>()).operator bool();
}
